import T2Core
import T2Transport

/// An action that follows from an input.
package enum WorkerEffect: Sendable, Equatable {
    case send(Message)
    /// Give a unit to the lanes, with its policies in the order of the lease's.
    case start(Lease, [Policy])
    /// Stop computing the unit.
    case abandon(UnitKey, attempt: Int)
    case report(WorkerNotice)
    case end(WorkerEnding)
}

/// An event that is logged.
package enum WorkerNotice: Sendable, Equatable {
    case connected
    case connectionLost
    case connectionFailed(reason: String)
    case welcomed(epoch: UInt64, runs: [String])
    /// The coordinator was restarted, so that its old leases are void.
    case epochChanged(dropped: Int)
    case waiting(for: String, Duration)
    case leased(Lease)
    case cancelled(UnitKey, reason: String)
    case acknowledged(Acknowledgement)
    case failed(ErrorReport)
    case coordinatorError(ErrorReport)
    case malformed(ProtocolError)
    case ignored(message: String, reason: String)
    case draining(reason: String)
}
