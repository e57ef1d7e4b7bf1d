import T2Core
import T2Transport

/// What has to be done because of an input, in order.
package enum WorkerEffect: Sendable, Equatable {
    case send(Message)
    /// Give a unit to the lanes.
    ///
    /// The policies are in the order of the lease's.
    case start(Lease, [Policy])
    /// The unit is no longer wanted.
    case abandon(UnitKey, attempt: Int)
    case report(WorkerReport)
    case end(WorkerEnding)
}
