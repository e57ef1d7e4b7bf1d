import Foundation
import T2Core

/// The records of a part of a published data set, from one file or from a folder with one JSON file per record.
struct PublishedFile {
    let path: String
    let records: [RecordText]

    /// The name without folder and extension.
    var name: String { String(path.split(separator: "/").last?.prefix { $0 != "." } ?? "") }

    private static let extensions = [".jsonl", ".jsonl.gz", ".json"]

    /// - Parameter paths: paths in the folder without extensions; the first that exists is read.
    /// - Throws: `InputError` (no input) that names all paths that were tried.
    init(task: String, paths: [String], in folder: String) throws {
        let purpose = "open the problems of \(task)"
        for stem in paths.map({ "\(folder)/\($0)" }) {
            if let path = Self.extensions.map({ stem + $0 }).first(where: FileManager.default.fileExists(atPath:)) {
                self.path = path
                records = try RecordFile.records(of: path, purpose: purpose)
                return
            }
            let files = Self.recordFiles(stem)
            if !files.isEmpty {
                path = stem
                records = try files.enumerated().map { index, file in
                    RecordText(
                        location: file, index: index,
                        content: try CompressedFile.content(of: file, purpose: purpose), isLast: true)
                }
                return
            }
        }
        throw InputError(
            folder,
            "no file of \(task) was found: tried \(paths.joined(separator: ", ")), each with "
                + Self.extensions.joined(separator: ", "),
            remedy: "Name the folder of the data sets with --data DIR; scripts/datasets fetches them.",
            exitStatus: .noInput)
    }

    /// The files `FOLDER/TYPE/NUMBER.json` in the order of type and number.
    private static func recordFiles(_ folder: String) -> [String] {
        func names(_ folder: String) -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        }
        return names(folder).sorted().flatMap { type in
            names("\(folder)/\(type)").filter { $0.hasSuffix(".json") }
                .map { (number: Int($0.dropLast(5)) ?? .max, name: $0) }
                .sorted { ($0.number, $0.name) < ($1.number, $1.name) }
                .map { "\(folder)/\(type)/\($0.name)" }
        }
    }
}
