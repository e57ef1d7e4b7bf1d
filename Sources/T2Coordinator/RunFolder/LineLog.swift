import Foundation
import T2Core

/// A text file to which whole lines are appended without buffering.
package final class LineLog: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Opens the file for appending, and creates it if necessary.
    package init(path: String) throws {
        self.path = path
        descriptor = OpenFiles.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("create", path) }
    }

    deinit { close(descriptor) }

    /// - Throws: `SystemError`, for example when the disk is full.
    package func append(_ line: String) throws {
        try Array((line + "\n").utf8).withUnsafeBytes { try $0.write(to: descriptor, path: path) }
    }
}
