import Foundation

/// Standard output, a line at a time, each handed to the system at once.
struct Console: Sendable {
    init() {
        // A reader that goes away, as in `t2-coord start | head`, must not end the run.
        signal(SIGPIPE, SIG_IGN)
    }

    func say(_ line: String) { print(line + "\n") }

    /// Text that ends its lines itself.
    func print(_ text: String) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress! + offset, bytes.count - offset) }
            if written < 0 && errno == EINTR { continue }
            // Nobody reads: train.log still has it.
            guard written > 0 else { return }
            offset += written
        }
    }
}
