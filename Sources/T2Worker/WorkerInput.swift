import T2Core
import T2Transport

/// An event in a worker.
package enum WorkerInput: Sendable {
    case transport(WorkerEvent)
    /// The number of a unit's tokens that a lane has computed so far.
    case progressed(UnitKey, attempt: Int, tokens: Int)
    /// A lane has computed a unit. A cancelled unit ends without an input.
    case computed(UnitResult)
    /// A lane could not compute a unit, or the result cannot be encoded.
    case failed(ErrorReport)
    /// A message was not sent in time.
    case sendFailed
    /// The worker has been asked to stop.
    case stopRequested(reason: String)
    /// A second has passed. The coordinator was last heard at this time, if it was.
    case clockTicked(heard: ContinuousClock.Instant?)
}
