import T2Core
import T2Transport

/// What happens to the lease table.
package enum LeaseEvent: Sendable, Equatable {
    /// The units of a step, in the order in which they should go out. Ends everything of the step before.
    case stepOpened([UnitKey])
    /// It computes `lanes` units at a time; further leases wait there.
    case workerJoined(WorkerIdentifier, lanes: Int)
    /// How many leases the worker can take besides those received since it joined; without their number, now.
    case creditGranted(WorkerIdentifier, count: Int, received: Int? = nil)
    case progressed(WorkerIdentifier, Progress)
    /// A result and what is wrong with it, if anything.
    case resultArrived(WorkerIdentifier, unit: UnitKey, attempt: Int, epoch: UInt64, defect: ResultDefect?)
    /// The worker could not compute the unit; its log may tell more, and its rollouts which rewards are missing and why.
    case unitFailed(
        WorkerIdentifier, unit: UnitKey, attempt: Int, category: String, message: String, logLines: [String] = [],
        missing: [String: Int] = [:])
    /// The lease never reached the worker.
    case leaseUndelivered(WorkerIdentifier, unit: UnitKey, attempt: Int)
    case connectionLost(WorkerIdentifier)
    /// A clean leave: its leases go back without blame.
    case workerLeft(WorkerIdentifier)
    /// When each of these workers last said anything.
    case workersHeard([WorkerIdentifier: ContinuousClock.Instant])
    case clockTicked
}
