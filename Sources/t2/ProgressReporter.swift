import Foundation
import Synchronization

/// Progress with the time left, on standard error: a bar that moves on a terminal, a plain line every few seconds elsewhere.
final class ProgressReporter: Sendable {
    private struct State {
        var lastReport: ContinuousClock.Instant?
        var isLineOpen = false
    }

    private let title: String
    private let isTerminal: Bool
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    private static let barWidth = 24
    private var interval: Duration { isTerminal ? .milliseconds(100) : .seconds(5) }

    init(_ title: String, isTerminal: Bool = StandardError.isTerminal) {
        self.title = title
        self.isTerminal = isTerminal
    }

    /// - Parameters:
    ///   - fraction: of the work done, 0 to 1.
    ///   - note: the numbers that go with it.
    func report(fraction: Double, note: String) {
        let now = ContinuousClock.now
        state.withLock { state in
            guard now - (state.lastReport ?? start) >= interval else { return }
            state.lastReport = now
            let text = "\(title)  \(note)\(remaining(fraction, now - start))"
            guard isTerminal else { return StandardError.write(text + "\n") }
            let filled = Int(fraction * Double(Self.barWidth))
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled)
            StandardError.write("\r\u{1B}[K[\(bar)] \(text)")
            state.isLineOpen = true
        }
    }

    /// Removes the bar, so that what follows stands alone.
    func finish() {
        state.withLock { state in
            if state.isLineOpen { StandardError.write("\r\u{1B}[K") }
            state.isLineOpen = false
        }
    }

    private func remaining(_ fraction: Double, _ elapsed: Duration) -> String {
        guard fraction > 0, fraction < 1 else { return "" }
        return ", \(PlainText.duration(seconds: elapsed.seconds * (1 - fraction) / fraction)) left"
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
