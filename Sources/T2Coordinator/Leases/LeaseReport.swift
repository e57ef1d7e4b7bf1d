import T2Core

/// Something worth a line in the log.
package enum LeaseReport: Sendable, Equatable {
    case suspected(WorkerIdentifier, silentFor: Duration)
    case stuck(WorkerIdentifier, UnitKey, withoutTokenFor: Duration)
    /// The unit goes out again.
    case failed(UnitKey, UnitFailure)
}
