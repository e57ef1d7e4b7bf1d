import T2Core

/// How a run ended.
package enum RunOutcome: Sendable, Equatable {
    case finished(RunSummary)
    /// Stopped on request in this step; everything accepted is durable.
    case interrupted(step: Int)
}
