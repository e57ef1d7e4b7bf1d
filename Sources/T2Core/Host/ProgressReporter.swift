import Synchronization

/// Reports the progress of long work and the time left, from any thread. Reports start after one second: as a bar on a
/// terminal, otherwise as lines at growing intervals.
package final class ProgressReporter: Sendable {
    package typealias Instant = ContinuousClock.Instant

    private enum Form: Sendable {
        case bar(title: String)
        case lines(@Sendable (String, Duration?) -> Void)
    }

    private struct State {
        var nextReport: Instant
        var count = 0
    }

    private let form: Form
    private let start: Instant
    private let shortestPause: Duration
    private let state: Mutex<State>

    package static let firstReport: Duration = .seconds(1)
    private static let shortestPause: Duration = .seconds(5)
    private static let barWidth = 24

    /// Reports on standard error.
    package convenience init(_ title: String) {
        let lines = Form.lines { StandardError.write("\(title)  \(Self.text($0, $1))\n") }
        self.init(StandardError.isTerminal ? .bar(title: title) : lines, start: .now, first: Self.firstReport)
    }

    /// Reports by lines that `say` words.
    ///
    /// - Parameters:
    ///   - first: the time until the first report, and the shortest one between two.
    ///   - say: receives the numbers, such as `3 of 28 matrices`, and the time left if it is known.
    package convenience init(
        start: Instant = .now, first: Duration = firstReport, say: @escaping @Sendable (String, Duration?) -> Void
    ) {
        self.init(.lines(say), start: start, first: first)
    }

    private init(_ form: Form, start: Instant, first: Duration) {
        self.form = form
        self.start = start
        shortestPause = max(Self.shortestPause, first)
        state = Mutex(State(nextReport: start + first))
    }

    /// Runs work that calls `progress` with the number of finished things and their total.
    package static func during<Result>(
        _ title: String, _ things: String, _ work: (_ progress: @escaping @Sendable (Int, Int) -> Void) throws -> Result
    ) rethrows -> Result {
        let reporter = ProgressReporter(title)
        defer { reporter.finish() }
        return try work { reporter.report($0, of: $1, things) }
    }

    /// Whether the work took long enough for a report.
    package var hasSpoken: Bool { state.withLock { $0.count > 0 } }

    package func report(_ done: Int, of total: Int, _ things: String, at now: Instant = .now) {
        report(fraction: Double(done) / Double(max(1, total)), note: "\(done) of \(total) \(things)", at: now)
    }

    /// - Parameters:
    ///   - fraction: the share of the work that is done, 0 to 1.
    ///   - note: the numbers behind the fraction.
    package func report(fraction: Double, note: String, at now: Instant = .now) {
        let elapsed = now - start
        let left = fraction > 0 && fraction < 1 ? elapsed * ((1 - fraction) / fraction) : nil
        state.withLock { state in
            guard now >= state.nextReport else { return }
            state.count += 1
            switch form {
            case .bar(let title):
                state.nextReport = now + .milliseconds(100)
                let filled = Int(fraction * Double(Self.barWidth))
                let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled)
                StandardError.write("\r\u{1B}[K[\(bar)] \(title)  \(Self.text(note, left))")
            case .lines(let say):
                // Work that takes hours needs no report every few seconds.
                state.nextReport = now + max(shortestPause, elapsed / 10)
                say(note, left)
            }
        }
    }

    /// Removes the bar before other output.
    package func finish() { if case .bar = form, hasSpoken { StandardError.write("\r\u{1B}[K") } }

    private static func text(_ note: String, _ left: Duration?) -> String {
        left.map { "\(note), \($0.text) left" } ?? note
    }
}
