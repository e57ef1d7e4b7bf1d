import Foundation

/// A folder that is deleted with this value.
final class ScratchFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/t2-bench-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { remove() }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
