import Foundation
import T2Core

/// The reader of standard output has closed it, as `| head` does.
package struct OutputClosed: Error {}

/// Results for other programs and for people.
package enum StandardOutput {
    /// Writes a result whole, after all earlier output; waits for the reader.
    ///
    /// - Throws: `OutputClosed` if the reader has closed it, `SystemError` if the write fails otherwise.
    package static func write(_ text: String) throws {
        OutputQueue.standardOutput.flush()
        OutputQueue.standardError.flush(within: OutputQueue.farewell)
        var text = text
        do {
            try text.withUTF8 { try UnsafeRawBufferPointer($0).write(to: STDOUT_FILENO, path: "standard output") }
        } catch let error as SystemError where error.code == EPIPE {
            throw OutputClosed()
        }
    }
}
