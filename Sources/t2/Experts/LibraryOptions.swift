import ArgumentParser
import T2Formats

/// Experts named by path, or by name inside a library.
struct LibraryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of expert files; experts are then named without folder and extension.", valueName: "dir"))
    var library: String?

    /// The experts, in the order of their names.
    func experts(_ names: [String]) throws -> [ExpertLibrary.Entry] {
        guard let library else {
            return try names.map { .init(name: $0, path: $0, expert: try ExpertFile(path: $0)) }
        }
        return try names.map(ExpertLibrary(path: library, model: nil).entry(named:))
    }
}
