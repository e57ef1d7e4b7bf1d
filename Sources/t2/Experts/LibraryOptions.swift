import ArgumentParser
import T2Core
import T2Engine
import T2Formats

/// Experts by the path of their file, or by their name inside a library.
struct LibraryOptions: ParsableArguments {
    @Option(
        name: .customLong("library"),
        help: ArgumentHelp(
            "Folder of expert files; experts are then named without path and .safetensors.", valueName: "dir"))
    var path: String?

    /// The experts, in the order of their names.
    ///
    /// - Throws: what `ExpertFile` and `ExpertLibrary` throw.
    func experts(_ names: [String]) throws -> [ExpertLibrary.Entry] {
        guard let path else {
            return try names.map { .init(name: $0, path: $0, expert: try ExpertFile(path: $0)) }
        }
        let library = try ExpertLibrary(path: path, model: nil)
        return try names.map { try library.entry(named: $0) }
    }
}
