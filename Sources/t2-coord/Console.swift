import Foundation

/// Standard output without buffering.
struct Console: Sendable {
    init() {
        // A reader that closes the pipe, as in `t2-coord start | head`, must not end the run.
        signal(SIGPIPE, SIG_IGN)
    }

    func say(_ line: String) { print(line + "\n") }

    /// Writes text without adding a line end.
    func print(_ text: String) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress! + offset, bytes.count - offset) }
            if written < 0 && errno == EINTR { continue }
            // The pipe is closed; train.log still has the line.
            guard written > 0 else { return }
            offset += written
        }
    }
}
