import Foundation

/// Messages and progress on standard error. They never wait for a reader, and failed writes are ignored.
package enum StandardError {
    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    package static func write(_ text: String) { OutputQueue.standardError.write(text) }

    /// Writes a warning line; on a terminal it replaces a progress bar.
    package static func warn(_ text: String) { write((isTerminal ? "\r\u{1B}[K" : "") + "warning: \(text)\n") }
}
