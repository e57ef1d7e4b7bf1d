import Foundation
import T2Core

/// A folder of expert files of one base model, among which adaptive inference chooses.
///
/// Invariants: it is never empty, it is sorted by name, and no two experts name different base models. Subfolders are
/// ignored, so one may hold the base model.
package struct ExpertLibrary: Sendable {
    package struct Entry: Sendable {
        /// The tasks whose experts classify prompts instead of answering them: the bundled one and the published one.
        fileprivate static let classificationTasks = ["classify", "classify-published"]

        /// The file's name without `.safetensors`.
        package let name: String
        package let path: String
        package let expert: ExpertFile

        package var isClassifier: Bool { expert.description.task.map(Self.classificationTasks.contains) ?? false }

        package init(name: String, path: String, expert: ExpertFile) {
            self.name = name
            self.path = path
            self.expert = expert
        }
    }

    package let path: String
    package let entries: [Entry]
    /// All experts except the classifiers.
    package var answering: [Entry] { entries.filter { !$0.isClassifier } }

    private static let suffix = ".safetensors"

    /// Reads every `.safetensors` file in the folder itself, except hidden ones.
    ///
    /// - Parameter model: the required base model; nil accepts any one base model.
    /// - Throws: `InputError` if the folder is missing or has no expert files, or if experts belong to two base models
    ///   or not to `model`; also the errors of `ExpertFile`.
    package init(path: String, model: Digest?) throws {
        let names = try Self.names(in: path)
        let entries = try names.map { name in
            let file = "\(path)/\(name)\(Self.suffix)"
            return Entry(name: name, path: file, expert: try ExpertFile(path: file))
        }
        // A file of another program may not name its base model.
        let known = entries.compactMap { entry in
            entry.expert.description.modelDigest.map { (entry: entry, digest: $0) }
        }
        for (entry, found) in known {
            let (first, digest) = known[0]
            guard found == digest else {
                throw InputError(
                    entry.path,
                    "is an expert of base model \(found.short), but \(first.path) is one of \(digest.short)",
                    remedy: "Keep the experts of each base model in a separate folder.")
            }
            if let model, found != model {
                throw InputError(
                    entry.path,
                    "is an expert of another base model: digest \(found.short), this model has \(model.short)",
                    remedy: "Give a folder with experts of this model. See: t2 experts list \(path)")
            }
        }
        self.path = path
        self.entries = entries
    }

    /// - Throws: `InputError` listing the available names, the nearest first.
    package func entry(named name: String) throws -> Entry {
        if let entry = entries.first(where: { $0.name == name }) { return entry }
        let names = entries.map(\.name)
        let nearest = nearestName(to: name, among: names)
        let ordered = (nearest.map { [$0] } ?? []) + names.filter { $0 != nearest }
        throw InputError(
            path, "has no expert '\(name)'", remedy: "Available experts: \(ordered.joined(separator: ", ")).",
            exitStatus: .noInput)
    }

    /// The expert that classifies prompts.
    ///
    /// - Throws: `InputError` if there is none.
    package func classifier() throws -> Entry {
        if let entry = entries.first(where: \.isClassifier) { return entry }
        throw InputError(
            path, "has no expert of the task '\(Entry.classificationTasks.joined(separator: "' or '"))'",
            remedy: "Train one, or use --strategy prompt: the base model then classifies.")
    }

    /// The names of the expert files, sorted.
    private static func names(in path: String) throws -> [String] {
        let remedy = "Give a folder of expert files, such as experts/tiny."
        guard isFolder(path) else {
            let problem =
                FileManager.default.fileExists(atPath: path) ? "is a file, expected a folder" : "no such folder"
            throw InputError(path, problem, remedy: remedy, exitStatus: .noInput)
        }
        guard access(path, R_OK | X_OK) == 0 else { throw SystemError("read", path) }
        let files = try FileManager.default.contentsOfDirectory(atPath: path).filter { file in
            file.hasSuffix(suffix) && !file.hasPrefix(".")
                && FileManager.default.fileExists(atPath: "\(path)/\(file)") && !isFolder("\(path)/\(file)")
        }
        guard !files.isEmpty else {
            throw InputError(path, "holds no expert file (*\(suffix))", remedy: remedy, exitStatus: .noInput)
        }
        return files.map { String($0.dropLast(suffix.count)) }.sorted()
    }
}
