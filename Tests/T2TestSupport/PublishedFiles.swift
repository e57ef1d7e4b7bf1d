import Foundation

/// Published files that tests read from a folder outside this repository, which cannot hold them for their size and licences.
///
/// An environment variable names their folder. Without it, the folder is searched for by its usual name and a file that it must
/// hold: in the repository, beside the repository, in each folder beside it, and the same one level higher.
package struct PublishedFiles: Sendable {
    /// The data sets, in the layout that scripts/datasets makes.
    package static let datasets = PublishedFiles(
        variable: "T2_DATASETS", names: ["datasets", "data"], mark: "gsm8k/test.jsonl")
    /// Tokenizers, and in `expected` the tokens that their own programs produce.
    package static let tokenizers = PublishedFiles(
        variable: "T2_TOKENIZERS", names: ["tokenizers"], mark: "expected/gpt2.tiktoken.jsonl")
    /// Models, each in the folder that scripts/models makes.
    package static let models = PublishedFiles(
        variable: "T2_MODELS", names: ["models"], mark: "smollm2-135m/config.json")

    /// The folder, or its usual name if no folder was named or found.
    package let folder: String
    private let variable: String

    private init(variable: String, names: [String], mark: String) {
        self.variable = variable
        folder = ProcessInfo.processInfo.environment[variable] ?? Self.find(names, holding: mark) ?? names[0]
    }

    package func path(_ name: String) -> String { "\(folder)/\(name)" }

    package func have(_ names: [String]) -> Bool { missing(names).isEmpty }

    /// Why a test that needs these files is skipped, and how to make it run.
    package func absence(of names: [String]) -> String {
        let missing = missing(names)
        let more = missing.count > 1 ? " and \(missing.count - 1) more" : ""
        return "the folder \(folder) has no \(missing.first ?? "files")\(more). Name the folder in \(variable)"
    }

    private func missing(_ names: [String]) -> [String] {
        names.filter { !FileManager.default.fileExists(atPath: path($0)) }
    }

    private static func find(_ names: [String], holding mark: String) -> String? {
        let files = FileManager.default
        let repository = URL(filePath: Repository.path)
        var (folders, parent) = ([repository.path], repository)
        for _ in 0..<2 {
            parent.deleteLastPathComponent()
            guard parent.path != "/" else { break }
            let children = (try? files.contentsOfDirectory(atPath: parent.path)) ?? []
            folders += [parent.path] + children.sorted().map { "\(parent.path)/\($0)" }
        }
        return folders.flatMap { folder in names.map { "\(folder)/\($0)" } }
            .first { files.fileExists(atPath: "\($0)/\(mark)") }
    }
}
