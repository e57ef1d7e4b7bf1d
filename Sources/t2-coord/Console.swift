import T2Core

/// Lines on standard output. A reader that closes it, as in `t2-coord start | head`, or that does not read, neither ends the
/// run nor holds it up; lines that nothing reads are in train.log only.
struct Console: Sendable {
    func say(_ line: String) { OutputQueue.standardOutput.write(line + "\n") }
}
