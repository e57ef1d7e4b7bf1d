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
    case suspected(WorkerIdentifier, silentFor: Duration)
    case stuck(WorkerIdentifier, UnitKey, withoutTokenFor: Duration)
    /// The unit goes out again.
    case failed(UnitKey, UnitFailure)
    /// The worker reports a failure that is not its to report, or that came too late.
    case ignored(WorkerIdentifier, LeaseName, reason: String)
    /// Every unit of the run's round is accepted.
    case roundCompleted(run: String)
    /// The unit's run cannot go on; its round is closed.
    case stop(LeaseStop)
}

/// One lease as it goes out.
package struct LeaseGrant: Sendable, Equatable {
    package let unit: UnitKey
    /// Numbered from 1 over all leases of the unit, second copies included.
    package let attempt: Int
    package let worker: WorkerIdentifier
    package let length: Duration
    /// Another worker still holds the unit.
    package let isSecondCopy: Bool
}

/// Why a run cannot go on.
package enum LeaseStop: Sendable, Equatable {
    case poisoned(UnitKey, [UnitFailure])
    case nonFinite(UnitKey, UnitFailure)

    package var unit: UnitKey {
        switch self {
        case .poisoned(let unit, _), .nonFinite(let unit, _): unit
        }
    }
}
