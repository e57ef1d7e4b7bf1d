import T2Core
import T2Transport

/// An accepted result, with the acknowledgements to send once it is durable.
struct Acceptance: Sendable {
    let unit: WorkUnit
    let output: UnitOutput
    let attempt: Int
    let worker: WorkerIdentifier
    /// The leases and failures of the unit.
    let state: LeasedUnit
    /// The first is that of the result; those of its repetitions follow.
    var acknowledgements: [(worker: WorkerIdentifier, acknowledgement: Acknowledgement)] = []
}
