import ArgumentParser
import Foundation
import T2Core
import T2Formats

/// The experts that a command chooses or mixes among.
package struct ExpertSelectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Comma-separated expert files, or a folder: all its experts except the classifier.", valueName: "files"))
    package var experts: String

    package init() {}

    /// - Throws: `InputError` for a missing file, an empty folder, or an expert of another base model.
    package func load(for model: BaseModelFolder) throws -> [ExpertLibrary.Entry] {
        if isFolder(experts) {
            let entries = try ExpertLibrary(path: experts, model: model.digest).answering
            guard !entries.isEmpty else {
                throw InputError(
                    experts, "holds no expert except the classifier", remedy: "Train an expert on a task first.")
            }
            return entries
        }
        let entries = try experts.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let path = String(part)
            guard !path.isEmpty else {
                throw ValidationError("--experts '\(experts)' has an empty name, expected FILE,FILE,… or a folder.")
            }
            let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            return ExpertLibrary.Entry(name: name, path: path, expert: try ExpertFile(path: path, for: model))
        }
        var names: Set<String> = []
        for entry in entries where !names.insert(entry.name).inserted {
            throw ValidationError(
                "--experts names two files '\(entry.name)', expected a different name for each expert.")
        }
        return entries
    }
}
