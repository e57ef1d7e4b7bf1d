import T2Core
import T2Transport

/// What happens to the lease table.
package enum LeaseEvent: Sendable, Equatable {
    /// The units of a run's next round, in the order in which they should go out. They replace what is open of that run.
    ///
    /// Where several runs have units to hand out, lane-seconds are shared in proportion to the weights, which are above 0.
    case roundOpened(run: String, units: [UnitKey], weight: Double = 1)
    /// The run has nothing to hand out any more; what is out is cancelled.
    case roundClosed(run: String)
    /// It computes `lanes` units at a time; further leases wait there. It still holds these leases; nil if it does not say.
    case workerJoined(WorkerIdentifier, lanes: Int, holding: Set<LeaseName>? = nil)
    /// How many leases the worker can take besides those received since it joined; without their number, now.
    case creditGranted(WorkerIdentifier, count: Int, received: Int? = nil)
    case progressed(WorkerIdentifier, Progress)
    /// A result and what is wrong with it, if anything.
    case resultArrived(WorkerIdentifier, unit: UnitKey, attempt: Int, epoch: UInt64, defect: ResultDefect?)
    /// The worker could not compute the unit; its log may tell more, and its rollouts which rewards are missing and why.
    case unitFailed(
        WorkerIdentifier, unit: UnitKey, attempt: Int, category: FailureCategory, message: String,
        logLines: [String] = [], missing: [String: Int] = [:])
    /// The lease never reached the worker.
    case leaseUndelivered(WorkerIdentifier, unit: UnitKey, attempt: Int)
    case connectionLost(WorkerIdentifier)
    /// A clean leave: its leases go back without blame.
    case workerLeft(WorkerIdentifier)
    /// When each of these workers last said anything.
    case workersHeard([WorkerIdentifier: ContinuousClock.Instant])
    case clockTicked
}
