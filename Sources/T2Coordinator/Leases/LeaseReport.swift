import T2Core

/// Something worth a line in the log.
package enum LeaseReport: Sendable, Equatable {
    case suspected(WorkerIdentifier, silentFor: Duration)
    case stuck(WorkerIdentifier, UnitKey, withoutTokenFor: Duration)
    /// The unit goes out again.
    case failed(UnitKey, UnitFailure)
    /// The worker reports a failure that is not its to report, or that came too late.
    case ignored(WorkerIdentifier, LeaseName, reason: String)
}
