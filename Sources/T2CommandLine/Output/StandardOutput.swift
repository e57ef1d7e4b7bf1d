import Foundation
import T2Core

/// The reader of standard output has closed it, as `| head` does.
package struct OutputClosed: Error {}

/// Results for other programs and for people.
package enum StandardOutput {
    /// - Throws: `OutputClosed` if the reader has closed it, `SystemError` if the write fails otherwise.
    package static func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                let written = Foundation.write(STDOUT_FILENO, bytes.baseAddress! + offset, bytes.count - offset)
                if written < 0 && errno == EINTR { continue }
                if written < 0 && errno == EPIPE { throw OutputClosed() }
                guard written > 0 else { throw SystemError("write", "standard output") }
                offset += written
            }
        }
    }
}
