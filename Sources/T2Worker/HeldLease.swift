import T2Core
import T2Transport

/// A lease that this worker holds.
struct HeldLease: Sendable {
    enum Stage: Sendable {
        /// The lease waits for a policy.
        case awaitingPolicies
        /// The unit waits for a lane or is being computed.
        case withLanes
        /// The result has been sent but not acknowledged.
        case reported(UnitResult, at: ContinuousClock.Instant)
    }

    let lease: Lease
    var stage: Stage
    var tokens = 0
    /// The time of the last progress message for this lease.
    var renewed: ContinuousClock.Instant

    var isReported: Bool { if case .reported = stage { true } else { false } }
}
