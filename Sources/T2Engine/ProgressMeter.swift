import Synchronization

/// Counts a unit's sampled and scored tokens, and reports them about once a second to renew its lease.
package final class ProgressMeter: Sendable {
    package static let interval: Duration = .seconds(1)

    private let interval: Duration
    private let state = Mutex((tokens: 0, reported: ContinuousClock.now))
    private let report: @Sendable (Int) -> Void

    /// - Parameter report: receives the number of tokens so far; must not block.
    package init(interval: Duration = ProgressMeter.interval, report: @escaping @Sendable (Int) -> Void) {
        self.interval = interval
        self.report = report
    }

    /// - Parameter count: the number of new tokens; 0 for work without tokens.
    package func advance(tokens count: Int) {
        let due: Int? = state.withLock { state in
            state.tokens += count
            let now = ContinuousClock.now
            guard now - state.reported >= interval else { return nil }
            state.reported = now
            return state.tokens
        }
        if let due { report(due) }
    }
}
