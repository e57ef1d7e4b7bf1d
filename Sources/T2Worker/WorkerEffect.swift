import T2Core
import T2Transport

/// An action that follows from an input.
package enum WorkerEffect: Sendable, Equatable {
    case send(Message)
    /// Give a unit to the lanes, with its policies in the order of the lease's.
    case start(Lease, [Policy])
    /// Stop computing the unit.
    case abandon(UnitKey, attempt: Int)
    case report(WorkerReport)
    case end(WorkerEnding)
}
