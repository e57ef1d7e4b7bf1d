import T2Core
import T2Transport

/// What has to be done because of an event, in order.
package enum LeaseEffect: Sendable, Equatable {
    case grant(LeaseGrant)
    /// Store the result durably; the acknowledgement follows as the next effect.
    case accept(UnitKey, attempt: Int, by: WorkerIdentifier)
    case acknowledge(WorkerIdentifier, Acknowledgement)
    case cancel(WorkerIdentifier, Cancel)
    /// The worker is dead to us.
    case dismiss(WorkerIdentifier, silentFor: Duration)
    case report(LeaseReport)
    /// Every unit of the step is accepted.
    case stepCompleted
    /// The run cannot go on.
    case stop(LeaseStop)
}
