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
    /// When one of the worker's lanes was free for it; nil while it waits behind others.
    var started: ContinuousClock.Instant?
    /// What its run was charged for it beforehand: expected lane-seconds over the run's weight.
    let charge: Double

    /// The next moment at which time alone may do something to it.
    func nextCheck(_ policy: LeasePolicy) -> ContinuousClock.Instant {
        tokens > 0 && !isReportedStuck ? min(deadline, lastToken + policy.stuckAfter) : deadline
    }
}
