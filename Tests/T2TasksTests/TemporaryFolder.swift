import Foundation
import T2Core

/// A folder that goes when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("t2-tasks-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
    }

    /// Writes `<task>/<split>.jsonl`.
    func write(_ data: Data, task: String, split: String) throws {
        try FileManager.default.createDirectory(atPath: "\(path)/\(task)", withIntermediateDirectories: true)
        try AtomicFile.write(data, to: "\(path)/\(task)/\(split).jsonl")
    }
}
