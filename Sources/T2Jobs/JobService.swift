import T2Core

/// Computes jobs on one base model, with a worker in the same process or with workers that join over sockets.
package protocol JobService: Sendable {
    /// Runs a job to its end.
    ///
    /// - Parameters:
    ///   - progress: receives the progress of the current round; called often, from any thread.
    ///   - onEvent: receives each event with the state of the job after it.
    /// - Throws: the error that ended the job early. Results accepted before are kept if the job stores its results on disk.
    func run<J: Job>(
        _ job: J, progress: @escaping @Sendable (RoundProgress) -> Void,
        onEvent: @escaping @Sendable (J.Event, J) async throws -> Void
    ) async throws -> JobEnding<J>
}

/// How a job ended.
package enum JobEnding<J: Job>: Sendable {
    case finished(J)
    /// The job was asked to stop; the results of the current round may be incomplete.
    case stopped(J, RoundResults?)
}

/// The progress of a round.
package struct RoundProgress: Sendable, Equatable {
    package var step: Int
    package var phase: Phase
    /// The number of completions in accepted units.
    package var completed = 0
    /// The number of completions in the whole round.
    package var total: Int
    package var judged = 0
    package var right = 0
    package var missing = 0
    /// The number of completion tokens of accepted units, and of those that workers report for the others.
    package var tokens = 0

    package init(step: Int, phase: Phase, total: Int) {
        self.step = step
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
