import T2Core
import T2Transport

/// A lease in this worker's hands.
struct HeldLease: Sendable {
    enum Stage: Sendable {
        /// A policy is on its way.
        case awaitingPolicies
        /// It waits for a lane or is in one.
        case withLanes
        /// The result is out; the coordinator has not said yet what became of it.
        case reported(UnitResult, at: ContinuousClock.Instant)
    }

    let lease: Lease
    var stage: Stage
    var tokens = 0
    /// When the coordinator last heard of it.
    var renewed: ContinuousClock.Instant

    var isReported: Bool {
        if case .reported = stage { true } else { false }
    }
}
