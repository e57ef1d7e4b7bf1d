import Foundation
import T2CommandLine

/// Standard output without buffering. Once its reader has closed it, only train.log still has the lines.
struct Console: Sendable {
    init() {
        // A reader that closes the pipe, as in `t2-coord start | head`, must not end the run.
        signal(SIGPIPE, SIG_IGN)
    }

    func say(_ line: String) { print(line + "\n") }

    /// Writes text without adding a line end.
    func print(_ text: String) { try? StandardOutput.write(text) }
}
