import T2Core
import T2Formats

/// Something to compute in rounds of units: training, an evaluation, a search. Pure: the next round follows from what the job
/// was started with and the results so far, so that a job that goes on after any interruption takes the same way.
///
/// A job knows nothing of workers, leases or files; a `JobService` runs it.
package protocol Job: Sendable {
    /// What is worth telling while the job goes on.
    associatedtype Event: Sendable

    /// In messages and logs, and the run of its units; no random number depends on it.
    var name: String { get }
    var model: JobModel { get }
    /// What makes it the same job when it is resumed.
    func identity() throws -> JobIdentity
    /// What becomes of a round's rewards that could not be computed.
    func missingRewards(in round: Round) -> MissingRewardPolicy

    /// The units to compute next; nil once the job is finished.
    func nextRound() throws -> Round?

    /// Takes what the units of that round came to.
    mutating func take(_ results: RoundResults) throws -> [Event]
}

/// The base model that a job is computed on.
package struct JobModel: Sendable, Equatable {
    package let path: String
    package let configuration: ModelConfiguration
    package let digest: Digest
    package let tokenizerDigest: Digest

    package init(path: String, configuration: ModelConfiguration, digest: Digest, tokenizerDigest: Digest) {
        self.path = path
        self.configuration = configuration
        self.digest = digest
        self.tokenizerDigest = tokenizerDigest
    }

    package init(_ folder: BaseModelFolder) {
        self.init(
            path: folder.path, configuration: folder.configuration, digest: folder.digest,
            tokenizerDigest: folder.tokenizerDigest)
    }
}

/// What becomes of rewards that could not be computed, after they were asked for again and again.
package enum MissingRewardPolicy: Sendable, Equatable {
    /// The job stops. It also stops once more than this share of a round's rewards is missing at the first try.
    case stop(limit: Double)
    /// They are reported as missing, and count for nothing.
    case report
}

/// What the units of a round came to.
///
/// Summaries are at hand; completions and gradients may come from disk, a unit at a time.
package struct RoundResults: Sendable {
    package let round: Round
    /// The sums of a unit.
    package let summary: @Sendable (WorkUnit) throws -> UnitSummary
    /// The completions of a unit, in the order of its sequences; nil if it has none yet, since the job was stopped.
    package let completions: @Sendable (WorkUnit) throws -> [Completion]?
    /// The gradient of a unit that was asked for one.
    package let gradient: @Sendable (WorkUnit) throws -> [Float]

    package init(
        round: Round, summary: @escaping @Sendable (WorkUnit) throws -> UnitSummary,
        completions: @escaping @Sendable (WorkUnit) throws -> [Completion]?,
        gradient: @escaping @Sendable (WorkUnit) throws -> [Float]
    ) {
        self.round = round
        self.summary = summary
        self.completions = completions
        self.gradient = gradient
    }

    /// The results of outputs in memory.
    package init(round: Round, outputs: [UnitKey: UnitOutput]) {
        self.init(
            round: round, summary: { outputs[$0.key].map(UnitSummary.init) ?? UnitSummary() },
            completions: { outputs[$0.key]?.completions }, gradient: { outputs[$0.key]?.gradient ?? [] })
    }

    /// The sum over the units of a phase.
    package func sum(_ phase: Phase) throws -> UnitSummary {
        try round.units.reduce(into: UnitSummary()) { sum, unit in
            if unit.key.phase == phase { sum.add(try summary(unit)) }
        }
    }

    /// The completions of all units that have some, in the order of the units.
    package func allCompletions() throws -> [Completion] { try round.units.flatMap { try completions($0) ?? [] } }
}
