import T2Core
import T2Transport

/// An action that the coordinator must take after an event. Effects are carried out in order.
package enum LeaseEffect: Sendable, Equatable {
    case grant(LeaseGrant)
    /// Store the result durably; the acknowledgement follows as the next effect.
    case accept(UnitKey, attempt: Int, by: WorkerIdentifier)
    case acknowledge(WorkerIdentifier, Acknowledgement)
    case cancel(WorkerIdentifier, Cancel)
    /// The worker counts as dead.
    case dismiss(WorkerIdentifier, silentFor: Duration)
    case suspected(WorkerIdentifier, silentFor: Duration)
    case stuck(WorkerIdentifier, UnitKey, withoutTokenFor: Duration)
    /// The lease expired; its unit is leased again.
    case failed(UnitKey, UnitFailure)
    /// The worker reported a failure of a lease that it does not hold, or that has ended.
    case ignored(WorkerIdentifier, LeaseName, reason: String)
    /// Every unit of the run's round has been accepted.
    case roundCompleted(run: String)
    /// The run cannot continue because of this unit; its round is closed.
    case stop(LeaseStop)
}

/// A lease as it is sent to a worker.
package struct LeaseGrant: Sendable, Equatable {
    package let unit: UnitKey
    /// The number of this lease among all leases of the unit, from 1, including further copies.
    package let attempt: Int
    package let worker: WorkerIdentifier
    package let length: Duration
    /// Whether another worker still holds the unit.
    package let isFurtherCopy: Bool
    /// As in `UnitLease`.
    package var checks: Int?
}

/// The reason why a run cannot continue.
package enum LeaseStop: Sendable, Equatable {
    case poisoned(UnitKey, [UnitFailure])
    case nonFinite(UnitKey, UnitFailure)

    package var unit: UnitKey {
        switch self {
        case .poisoned(let unit, _), .nonFinite(let unit, _): unit
        }
    }
}
