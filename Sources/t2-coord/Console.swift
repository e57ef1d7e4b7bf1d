import T2CommandLine

/// Standard output without buffering. A reader that closes it, as in `t2-coord start | head`, does not end the run; the lines are
/// then in train.log only.
struct Console: Sendable {
    func say(_ line: String) { print(line + "\n") }

    /// Writes text without adding a line end.
    func print(_ text: String) { try? StandardOutput.write(text) }
}
