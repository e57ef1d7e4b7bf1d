import Foundation

/// Messages and progress. A failed write is nobody's concern.
package enum StandardError {
    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    package static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    /// A line about what the program goes on without; on a terminal it takes the place of a bar that stands there.
    package static func warn(_ text: String) { write((isTerminal ? "\r\u{1B}[K" : "") + "warning: \(text)\n") }
}
