import T2Core

/// Computes jobs on one base model: with a worker in the same process, or with those that join over sockets.
package protocol JobService: Sendable {
    /// Runs a job to its end.
    ///
    /// - Parameters:
    ///   - progress: how far the round under way is; called often, from any thread.
    ///   - onEvent: what the job has to tell, with its state after that.
    /// - Throws: what ends the job before its end; what was accepted before is safe where the job keeps its results on disk.
    func run<J: Job>(
        _ job: J, progress: @escaping @Sendable (RoundProgress) -> Void,
        onEvent: @escaping @Sendable (J.Event, J) async throws -> Void
    ) async throws -> JobEnding<J>
}

/// How a job ended.
package enum JobEnding<J: Job>: Sendable {
    case finished(J)
    /// It was asked to stop. What there is of the round under way comes with it.
    case stopped(J, RoundResults?)
}

/// How far a round is.
package struct RoundProgress: Sendable, Equatable {
    package var phase: Phase
    /// Completions of accepted units, and of the whole round.
    package var completed = 0
    package var total: Int
    package var judged = 0
    package var right = 0
    package var missing = 0
    /// Completion tokens of accepted units, and those that workers report of the others.
    package var tokens = 0

    package init(phase: Phase, total: Int) {
        self.phase = phase
        self.total = total
    }

    package mutating func add(_ summary: UnitSummary) {
        completed += summary.sequences
        judged += summary.judged
        right += summary.right
        missing += summary.missing
        tokens += summary.statistics.completionTokens
    }
}
