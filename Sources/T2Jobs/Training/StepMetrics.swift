import T2Core

/// One update: a row of `steps` and a line of `metrics.jsonl`. Every metric of training is defined here and nowhere else.
///
/// Sequences are sampled completions.
package struct StepMetrics: Sendable, Equatable, Codable {
    /// Updates made, this one included: 1 is the first. Its sequences were sampled under the z of `step` − 1.
    package var step: Int
    /// The batch size B: the sequences that the gradient is a mean of.
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
    /// Completions without a reward at the first try, by reason; for a unit that failed for it, those of its first failure. All
    /// were judged again.
    package var missing: [String: Int] = [:]
    /// Share of completions that reached max-tokens, with an answer or without, 0…1.
    package var unfinishedShare: Double
    /// Mean of −A·log π(completion) of a sequence, nats.
    package var policyLoss: Double
    /// Mean Kullback–Leibler divergence of a completion token, nats, before the coefficient; nil in a step that does not measure it.
    package var kl: Double?
    /// ‖∂L/∂p‖₂ before clipping.
    package var gradientNorm: Double
    package var learningRate: Double
    /// Prompts whose samples all had the same reward; under a group advantage they teach nothing.
    package var equalRewardGroups: Int
    /// Largest |log π when sampling − log π when training| of a token, nats.
    package var largestLogProbabilityDifference: Double
    package var completionTokensMean: Double
    /// Completion tokens of the step, those of its evaluation included.
    package var completionTokens: Int
    /// `completionTokens` a second of `seconds`.
    package var tokensPerSecond: Double = 0
    /// Wall-clock seconds since the line of the step before, or since the coordinator's start.
    package var seconds: Double = 0
    /// The part from handing out the first unit to accepting the last.
    package var collectSeconds: Double = 0
    /// The part of the update: sum, chain rule, clip, AdamW.
    package var updateSeconds: Double = 0
    /// The part of the checkpoint and expert files of the step before.
    package var checkpointSeconds: Double = 0
    /// Sums over the units of what their workers measured.
    package var samplingSeconds: Double
    package var rewardSeconds: Double
    package var gradientSeconds: Double
    /// Workers present at the end of the step.
    package var workers: Int = 0
    package var units: Int
    /// Units that went out more than once, for whatever reason.
    package var unitsHandedOutTwice: Int = 0
    /// Failures but for missing rewards: expired leases, vanished workers, refused results, errors that workers reported.
    package var failures: Int = 0
}

extension StepMetrics {
    /// What follows from the step's units. The seconds, and what happened to the leases, are filled in by the run's journal.
    ///
    /// - Parameters:
    ///   - training: the training units' sums.
    ///   - evaluationTokens: completion tokens of the evaluation that shared the step.
    init(step: Int, training: UnitSummary, evaluationTokens: Int, units: Int, update: UpdateStep.Outcome) {
        let statistics = training.statistics
        let sequences = Double(max(1, training.sequences))
        self.step = step
        self.sequences = training.sequences
        rewardMean = training.rewardSum / sequences
        accuracy = Double(training.right) / sequences
        right = training.right
        wrong = training.wrong
        noAnswer = training.noAnswer
        cutOff = training.cutOff
        missing = statistics.missing
        unfinishedShare = Double(training.unfinished) / sequences
        policyLoss = statistics.policyLoss / sequences
        kl = statistics.kl.map { $0 / Double(max(1, statistics.completionTokens)) }
        gradientNorm = update.gradientNorm
        learningRate = update.learningRate
        equalRewardGroups = statistics.equalRewardGroups
        largestLogProbabilityDifference = Double(statistics.largestLogProbabilityDifference)
        completionTokensMean = Double(statistics.completionTokens) / sequences
        completionTokens = statistics.completionTokens + evaluationTokens
        samplingSeconds = statistics.samplingSeconds
        rewardSeconds = statistics.rewardSeconds
        gradientSeconds = statistics.gradientSeconds
        self.units = units
    }

    /// Fills in where the step's wall-clock time went.
    package mutating func add(_ seconds: StepSeconds) {
        self.seconds = seconds.total
        tokensPerSecond = seconds.total > 0 ? Double(completionTokens) / seconds.total : 0
        collectSeconds = seconds.collect
        updateSeconds = seconds.update
        checkpointSeconds = seconds.checkpoint
    }
}

/// Where a step's wall-clock time went.
package struct StepSeconds: Sendable, Equatable {
    package var collect = 0.0
    package var update = 0.0
    package var checkpoint = 0.0

    package init() {}

    package var total: Double { collect + update + checkpoint }
}
