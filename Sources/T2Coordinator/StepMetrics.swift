import GRDB
import T2Core

/// One update: a row of `steps` and a line of `metrics.jsonl`. Every metric of training is defined here and nowhere else.
///
/// Sequences are sampled completions.
package struct StepMetrics: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "steps"

    /// Updates made, this one included: 1 is the first. Its sequences were sampled under the z of `step` − 1.
    package var step: Int
    /// B: the sequences that the gradient is a mean of.
    package var sequences: Int
    /// Mean reward of a sequence, −1…1.
    package var rewardMean: Double
    /// Share of right answers, 0…1.
    package var accuracy: Double
    /// Sequences by what the verifier found; together they are `sequences`.
    package var right: Int
    package var wrong: Int
    /// Without an answer in the form asked for.
    package var noAnswer: Int
    /// Cut off by max-tokens before there was an answer.
    package var cutOff: Int
    /// Completions without a reward at the first try, by reason; of a unit that failed for it, those of its first failure. All
    /// were judged again.
    package var missing: [String: Int]
    /// Share of completions that reached max-tokens, with an answer or without, 0…1.
    package var unfinishedShare: Double
    /// Mean of −A·log π(completion) of a sequence, nats.
    package var policyLoss: Double
    /// Mean Kullback–Leibler divergence of a completion token, nats, before the coefficient.
    package var kl: Double
    /// ‖∂L/∂p‖₂ before clipping.
    package var gradientNorm: Double
    package var learningRate: Double
    /// Prompts whose samples all had the same reward; under a group advantage they teach nothing.
    package var equalRewardGroups: Int
    /// Largest |log π when sampling − log π when training| of a token, nats.
    package var largestLogProbabilityDifference: Double
    package var completionTokensMean: Double
    /// Completion tokens of the step, evaluation included, a second of `seconds`.
    package var tokensPerSecond: Double
    /// Wall-clock seconds since the line of the step before, or since the coordinator's start.
    package var seconds: Double
    /// Of these: from handing out the first unit to accepting the last.
    package var collectSeconds: Double
    /// Of these: sum, chain rule, clip, AdamW.
    package var updateSeconds: Double
    /// Of these: checkpoint and expert files of the step before.
    package var checkpointSeconds: Double
    /// Sums over the units of what their workers measured.
    package var samplingSeconds: Double
    package var rewardSeconds: Double
    package var gradientSeconds: Double
    /// Workers present at the end of the step.
    package var workers: Int
    package var units: Int
    /// Units that went out more than once, for whatever reason.
    package var unitsHandedOutTwice: Int
    /// Failures but for missing rewards: expired leases, vanished workers, refused results, errors that workers reported.
    package var failures: Int
}

extension StepMetrics {
    /// The step's metrics from its units.
    ///
    /// - Parameters:
    ///   - training: the training units' sums.
    ///   - evaluationTokens: completion tokens of the evaluation that shared the step.
    init(
        step: Int, training: UnitSummary, evaluationTokens: Int, units: [UnitRecord], update: UpdateStep.Outcome,
        seconds: StepSeconds, workers: Int
    ) {
        let statistics = training.statistics
        let sequences = Double(max(1, training.sequences))
        let failures = units.flatMap(\.failures)
        self.step = step
        self.sequences = training.sequences
        rewardMean = training.rewardSum / sequences
        accuracy = Double(training.right) / sequences
        right = training.right
        wrong = training.wrong
        noAnswer = training.noAnswer
        cutOff = training.cutOff
        missing = units.compactMap { $0.failures.first(where: \.isMissingReward)?.missingReasons }
            .reduce(into: statistics.missing) { $0.merge($1, uniquingKeysWith: +) }
        unfinishedShare = Double(training.unfinished) / sequences
        policyLoss = statistics.policyLoss / sequences
        kl = statistics.kl / Double(max(1, statistics.completionTokens))
        gradientNorm = update.gradientNorm
        learningRate = update.learningRate
        equalRewardGroups = statistics.equalRewardGroups
        largestLogProbabilityDifference = Double(statistics.largestLogProbabilityDifference)
        completionTokensMean = Double(statistics.completionTokens) / sequences
        self.seconds = seconds.total
        tokensPerSecond = seconds.total > 0 ? Double(statistics.completionTokens + evaluationTokens) / seconds.total : 0
        collectSeconds = seconds.collect
        updateSeconds = seconds.update
        checkpointSeconds = seconds.checkpoint
        samplingSeconds = statistics.samplingSeconds
        rewardSeconds = statistics.rewardSeconds
        gradientSeconds = statistics.gradientSeconds
        self.workers = workers
        self.units = units.count
        unitsHandedOutTwice = units.count { $0.leases > 1 }
        self.failures = failures.count { !$0.isMissingReward }
    }
}
