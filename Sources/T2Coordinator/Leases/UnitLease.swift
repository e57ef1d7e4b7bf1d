import T2Core

/// A unit held by a worker.
package struct UnitLease: Sendable, Equatable {
    package let worker: WorkerIdentifier
    package let attempt: Int
    /// The lease's number in the order of granting, over all units.
    package let number: Int
    package let granted: ContinuousClock.Instant
    package let length: Duration
    package internal(set) var deadline: ContinuousClock.Instant
    /// The tokens sampled so far, as last reported.
    package internal(set) var tokens = 0
    package internal(set) var lastToken: ContinuousClock.Instant
    package internal(set) var isReportedStuck = false
    /// The time when a lane became free for the lease; nil while it waits.
    var started: ContinuousClock.Instant?
    /// The share charged in advance: expected lane-seconds over the run's weight.
    let charge: Double
    /// The attempt whose result the worker checks instead of computing the unit, since its machine is of another kind; nil to compute.
    package var checks: Int?

    /// How long the lease has had a lane without a new token.
    func standstill(at now: ContinuousClock.Instant) -> Duration { started.map { now - max($0, lastToken) } ?? .zero }

    /// The next time at which elapsed time may change the lease's state.
    func nextCheck(_ limits: LeaseLimits) -> ContinuousClock.Instant {
        tokens > 0 && !isReportedStuck ? min(deadline, lastToken + limits.stuckAfter) : deadline
    }
}
