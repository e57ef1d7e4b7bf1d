import T2Core

/// One copy of a unit in a worker's hands.
package struct UnitLease: Sendable, Equatable {
    package let worker: WorkerIdentifier
    package let attempt: Int
    /// In the order of granting, over all units.
    package let number: Int
    package let granted: ContinuousClock.Instant
    package let length: Duration
    package internal(set) var deadline: ContinuousClock.Instant
    /// Tokens sampled so far, as last reported.
    package internal(set) var tokens = 0
    package internal(set) var lastToken: ContinuousClock.Instant
    package internal(set) var isReportedStuck = false

    init(
        worker: WorkerIdentifier, attempt: Int, number: Int, granted: ContinuousClock.Instant, length: Duration
    ) {
        self.worker = worker
        self.attempt = attempt
        self.number = number
        self.granted = granted
        self.length = length
        deadline = granted + length
        lastToken = granted
    }
}
