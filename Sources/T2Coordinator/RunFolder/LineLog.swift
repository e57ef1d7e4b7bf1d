import Foundation
import T2Core

/// A text file to which whole lines are appended without buffering.
package final class LineLog: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Opens the file for appending, and creates it if necessary.
    package init(path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("create", path) }
    }

    deinit { close(descriptor) }

    /// - Throws: `SystemError`, for example when the disk is full.
    package func append(_ line: String) throws {
        let bytes = Array((line + "\n").utf8)
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + offset, bytes.count - offset) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw SystemError("write", path) }
            offset += written
        }
    }
}
