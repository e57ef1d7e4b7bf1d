import Foundation
import T2Core

/// A folder of expert files of one base model: what adaptive inference chooses among.
///
/// Invariants: never empty; sorted by name; every expert is of the same base model. Subfolders are not looked into, so a base
/// model may stand in one.
package struct ExpertLibrary: Sendable {
    package struct Entry: Sendable {
        /// The file's name without `.safetensors`.
        package let name: String
        package let path: String
        package let expert: ExpertFile

        package init(name: String, path: String, expert: ExpertFile) {
            self.name = name
            self.path = path
            self.expert = expert
        }
    }

    package let path: String
    package let entries: [Entry]

    private static let suffix = ".safetensors"

    /// Reads every `.safetensors` file that stands in the folder itself; hidden ones are none of it.
    ///
    /// - Parameter model: the base model that the experts must be of; nil takes whichever it is, if it is one.
    /// - Throws: `InputError` for a folder that is missing or without expert files, and for experts of two base models or of another one
    ///   than `model`; what `ExpertFile` throws for a file that is none.
    package init(path: String, model: Digest?) throws {
        let names = try Self.names(in: path)
        let entries = try names.map { name in
            let file = "\(path)/\(name)\(Self.suffix)"
            return Entry(name: name, path: file, expert: try ExpertFile(path: file))
        }
        // A file of another maker may not say which base model it is for.
        let known = entries.compactMap { entry in
            entry.expert.description.modelDigest.map { (entry: entry, digest: $0) }
        }
        for (entry, found) in known {
            let (first, digest) = known[0]
            guard found == digest else {
                throw InputError(
                    entry.path,
                    "is an expert of base model \(found.short), \(first.path) of \(digest.short)",
                    remedy: "Keep the experts of each base model in a folder of their own.")
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

    /// - Throws: `InputError` listing the names there are, the nearest first.
    package func entry(named name: String) throws -> Entry {
        if let entry = entries.first(where: { $0.name == name }) { return entry }
        let names = entries.map(\.name)
        let nearest = nearestName(to: name, among: names)
        let ordered = (nearest.map { [$0] } ?? []) + names.filter { $0 != nearest }
        throw InputError(
            path, "has no expert '\(name)'", remedy: "There are: \(ordered.joined(separator: ", ")).",
            exitStatus: .noInput)
    }

    /// Of the expert files, sorted.
    private static func names(in path: String) throws -> [String] {
        let remedy = "Give a folder of expert files, such as experts/tiny."
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw InputError(path, "no such folder", remedy: remedy, exitStatus: .noInput)
        }
        guard isFolder.boolValue else {
            throw InputError(path, "is a file, expected a folder", remedy: remedy, exitStatus: .noInput)
        }
        guard access(path, R_OK | X_OK) == 0 else { throw SystemError("read", path) }
        let files = try FileManager.default.contentsOfDirectory(atPath: path).filter { file in
            var isSubfolder: ObjCBool = false
            return file.hasSuffix(suffix) && !file.hasPrefix(".")
                && FileManager.default.fileExists(atPath: "\(path)/\(file)", isDirectory: &isSubfolder)
                && !isSubfolder.boolValue
        }
        guard !files.isEmpty else {
            throw InputError(path, "holds no expert file (*\(suffix))", remedy: remedy, exitStatus: .noInput)
        }
        return files.map { String($0.dropLast(suffix.count)) }.sorted()
    }
}
