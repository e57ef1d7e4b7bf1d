import T2Core
import T2Transport

/// A lease in this worker's hands.
struct HeldLease: Sendable {
    enum Stage: Sendable {
        /// z is on its way.
        case awaitingVector
        /// Waiting for a lane or in one.
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
