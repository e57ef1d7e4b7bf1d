import T2Core
import T2Transport

/// What happens to a worker.
package enum WorkerInput: Sendable {
    case transport(WorkerEvent)
    /// Tokens that a lane has computed of a unit so far.
    case progressed(UnitKey, attempt: Int, tokens: Int)
    /// A lane is done with a unit. A unit that was cancelled ends without a word.
    case computed(UnitResult)
    /// A lane could not compute a unit, or its result cannot travel.
    case failed(ErrorReport)
    /// A message did not leave in time.
    case sendFailed
    /// This worker is to leave now.
    case stopRequested(reason: String)
    case clockTicked
}
