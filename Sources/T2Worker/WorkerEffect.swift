import T2Core
import T2Transport

/// What has to be done because of an input, in order.
package enum WorkerEffect: Sendable, Equatable {
    case send(Message)
    /// Give a unit to the lanes.
    case start(Lease, ExpertVector)
    /// Nobody wants the unit any more.
    case abandon(UnitKey, attempt: Int)
    case report(WorkerReport)
    case end(WorkerEnding)
}
