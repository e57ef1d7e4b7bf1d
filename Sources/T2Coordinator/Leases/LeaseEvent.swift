import T2Core
import T2Transport

/// An input of the lease table.
package enum LeaseEvent: Sendable, Equatable {
    /// A run opened a round. Its units, in the order in which they should be leased, replace the run's open units.
    ///
    /// If several runs have pending units, lane-seconds are shared in proportion to the weights, which are above 0.
    case roundOpened(run: String, units: [UnitKey], weight: Double = 1)
    /// A run closed its round; its leases are cancelled.
    case roundClosed(run: String)
    /// A worker joined. It computes `lanes` units at a time, and further leases wait. `held` names the leases that it
    /// still holds; nil if it did not say.
    /// `kind` names its machine: workers of one kind compute the same bytes. `key` names its key, if several workers may have it.
    case workerJoined(
        WorkerIdentifier, lanes: Int, kind: String = "", key: String? = nil, holding: Set<LeaseName>? = nil)
    /// A worker offered credit: the number of leases that it can take beyond the `received` ones since it joined, or
    /// beyond those sent so far if `received` is nil.
    case creditGranted(WorkerIdentifier, count: Int, received: Int? = nil)
    case progressed(WorkerIdentifier, Progress)
    /// A result arrived, with the reason why it is invalid, if it is.
    case resultArrived(WorkerIdentifier, unit: UnitKey, attempt: Int, epoch: UInt64, defect: ResultDefect?)
    /// A valid result of an audited unit arrived, which that of another worker has to confirm.
    case resultHeld(WorkerIdentifier, unit: UnitKey, attempt: Int)
    /// Units of open rounds that are accepted, or whose results are held, must be computed again.
    case unitsReopened([UnitKey])
    /// A worker could not compute a unit. The log and the completions of its message may explain why.
    case unitFailed(
        WorkerIdentifier, unit: UnitKey, attempt: Int, category: FailureCategory, message: String,
        logLines: [String] = [], missing: [String: Int] = [:])
    /// A lease could not be sent to its worker.
    case leaseUndelivered(WorkerIdentifier, unit: UnitKey, attempt: Int)
    case connectionLost(WorkerIdentifier)
    /// A worker left in good order; its leases are returned without counting as failures.
    case workerLeft(WorkerIdentifier)
    /// A worker is to finish its leases and leave; it gets no further ones.
    case workerDrained(WorkerIdentifier)
    /// No leases are granted, or they are granted again.
    case pauseChanged(Bool)
    /// The time of the last message of each of these workers.
    case workersHeard([WorkerIdentifier: ContinuousClock.Instant])
    case clockTicked
}
