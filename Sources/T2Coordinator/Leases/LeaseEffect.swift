import T2Core
import T2Transport

/// What has to be done because of an event, in order.
package enum LeaseEffect: Sendable, Equatable {
    case grant(LeaseGrant)
    /// Store the result durably; the acknowledgement follows as the next effect.
    case accept(UnitKey, attempt: Int, by: WorkerIdentifier)
    case acknowledge(WorkerIdentifier, Acknowledgement)
    case cancel(WorkerIdentifier, Cancel)
    /// The worker is given up.
    case dismiss(WorkerIdentifier, silentFor: Duration)
    case report(LeaseReport)
    /// Every unit of the run's round is accepted.
    case roundCompleted(run: String)
    /// The unit's run cannot go on; its round is closed.
    case stop(LeaseStop)
}
