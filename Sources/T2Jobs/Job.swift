import T2Core
import T2Formats

/// A computation in rounds of units: training, an evaluation, a search. A job is pure: the next round follows from the job's
/// inputs and the results so far, so that an interrupted job continues exactly as it would have without the interruption.
///
/// A job is independent of workers, leases and files; a `JobService` runs it.
package protocol Job: Sendable {
    /// A report of the job's progress.
    associatedtype Event: Sendable

    /// The name in messages and logs, and the `run` of the units; no random number depends on it.
    var name: String { get }
    var model: JobModel { get }
    /// The inputs that must be the same when the job is resumed.
    func identity() throws -> JobIdentity
    /// The treatment of rewards of the round that could not be computed.
    func missingRewards(in round: Round) -> MissingRewardHandling

    /// The units of the round that a second worker computes too, so that their results can be compared.
    ///
    /// - Parameter secret: a number that no worker knows, so that none can tell which units are audited.
    func audited(in round: Round, secret: UInt64) -> Set<UnitKey>

    /// The units to compute next; nil once the job is finished.
    func nextRound() throws -> Round?

    /// Takes the results of that round's units.
    mutating func take(_ results: RoundResults) throws -> [Event]
}

extension Job {
    package func audited(in _: Round, secret _: UInt64) -> Set<UnitKey> { [] }
}

/// The base model of a job.
package struct JobModel: Sendable, Equatable {
    package let path: String
    package let configuration: ModelConfiguration
    package let digest: Digest
    package let tokenizerDigest: Digest
    /// The type in which every worker holds the weights.
    package let weights: WeightType

    package init(
        path: String, configuration: ModelConfiguration, digest: Digest, tokenizerDigest: Digest,
        weights: WeightType = .float32
    ) {
        self.path = path
        self.configuration = configuration
        self.digest = digest
        self.tokenizerDigest = tokenizerDigest
        self.weights = weights
    }

    package init(_ folder: BaseModelFolder) {
        self.init(
            path: folder.path, configuration: folder.configuration, digest: folder.digest,
            tokenizerDigest: folder.tokenizerDigest, weights: folder.weightType)
    }

    /// What identifies the model and the numbers that it computes.
    var identity: [(name: String, value: any Encodable & Sendable)] {
        [("base model", digest), ("tokenizer", tokenizerDigest)]
            + (weights == .float32 ? [] : [("weights", weights.rawValue)])
    }
}

/// The treatment of rewards that could not be computed in any attempt.
package enum MissingRewardHandling: Sendable, Equatable {
    /// The job stops. It also stops once more than this share of a round's rewards is missing at the first attempt.
    case stop(limit: Double)
    /// They are reported as missing and excluded from every accuracy.
    case report
}

/// The results of the units of a round.
///
/// Summaries are in memory; completions and gradients may be read from disk, a unit at a time.
package struct RoundResults: Sendable {
    package let round: Round
    /// The sums of a unit.
    package let summary: @Sendable (WorkUnit) throws -> UnitSummary
    /// The completions of a unit, in the order of its sequences; nil if it has none yet because the job was stopped.
    package let completions: @Sendable (WorkUnit) throws -> [Completion]?
    /// The gradient of a unit that asks for one.
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

    /// The sum over the units of a phase.
    package func sum(_ phase: Phase) throws -> UnitSummary {
        try round.units.reduce(into: UnitSummary()) { sum, unit in
            if unit.key.phase == phase { sum.add(try summary(unit)) }
        }
    }

    /// The completions of all units that have some, in the order of the units.
    package func allCompletions() throws -> [Completion] { try round.units.flatMap { try completions($0) ?? [] } }
}
