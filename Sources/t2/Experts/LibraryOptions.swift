import ArgumentParser
import T2Core
import T2Engine
import T2Formats

/// Experts named by path, or by name inside a library.
struct LibraryOptions: ParsableArguments {
    @Option(
        name: .customLong("library"),
        help: ArgumentHelp(
            "Folder of expert files; experts are then named without folder and extension.", valueName: "dir"))
    var path: String?

    /// The experts, in the order of their names.
    ///
    /// - Throws: errors of `ExpertFile` and `ExpertLibrary`.
    func experts(_ names: [String]) throws -> [ExpertLibrary.Entry] {
        guard let path else {
            return try names.map { .init(name: $0, path: $0, expert: try ExpertFile(path: $0)) }
        }
        let library = try ExpertLibrary(path: path, model: nil)
        return try names.map { try library.entry(named: $0) }
    }
}
