import T2Core

/// The metrics of one update: a row of `steps` and a line of `metrics.jsonl`. Every metric of training is defined here alone. A
/// sequence is a sampled completion.
package struct StepMetrics: Sendable, Equatable, Codable {
    /// The number of updates, including this one. Its sequences were sampled under the z of `step` − 1.
    package var step: Int
    /// The batch size B: the number of sequences over which the gradient is averaged.
    package var sequences: Int
    /// The mean reward of a sequence, −1…1.
    package var rewardMean: Double
    /// The share of right answers, 0…1.
    package var accuracy: Double
    /// The number of right sequences; `right`, `wrong`, `noAnswer` and `cutOff` add up to `sequences`.
    package var right: Int
    package var wrong: Int
    /// The number of sequences without an answer in the required form.
    package var noAnswer: Int
    /// The number of sequences that reached max-tokens before an answer.
    package var cutOff: Int
    /// The number of rewards missing at the first attempt, by reason; all were judged again. A unit that failed because of
    /// missing rewards counts with its first failure.
    package var missing: [String: Int] = [:]
    /// The share of sequences that reached max-tokens, with or without an answer, 0…1.
    package var unfinishedShare: Double
    /// The mean of −A·log π(completion) over the sequences, nats.
    package var policyLoss: Double
    /// The mean Kullback–Leibler divergence per completion token, nats, before the coefficient; nil if it was not measured.
    package var kl: Double?
    /// ‖∂L/∂p‖₂ before clipping.
    package var gradientNorm: Double
    package var learningRate: Double
    /// The number of prompts whose samples all had the same reward; under a group advantage their advantages are 0.
    package var equalRewardGroups: Int
    /// The largest |log π(sampling) − log π(training)| of any token, nats.
    package var largestLogProbabilityDifference: Double
    package var completionTokensMean: Double
    /// The number of completion tokens of the step, including its evaluation.
    package var completionTokens: Int
    /// `completionTokens` / `seconds`.
    package var tokensPerSecond: Double = 0
    /// The wall-clock time of the step: the sum of the three parts below.
    package var seconds: Double = 0
    /// The time from handing out the first unit to accepting the last.
    package var collectSeconds: Double = 0
    /// The time of the update: sum, chain rule, clip, AdamW.
    package var updateSeconds: Double = 0
    /// The time of writing the previous step's metrics and checkpoint.
    package var checkpointSeconds: Double = 0
    /// The workers' time for sampling, rewards and gradients, each summed over the units.
    package var samplingSeconds: Double
    package var rewardSeconds: Double
    package var gradientSeconds: Double
    /// The number of workers at the end of the step.
    package var workers: Int = 0
    package var units: Int
    /// The number of units that were leased more than once, for any reason.
    package var unitsHandedOutTwice: Int = 0
    /// The number of failures other than missing rewards: expired leases, lost workers, refused results, errors from workers.
    package var failures: Int = 0
}

extension StepMetrics {
    /// The metrics that follow from the step's units. The recorder fills in the times and the counts of leases and failures.
    ///
    /// - Parameters:
    ///   - evaluationTokens: the number of completion tokens of the evaluation in the same round.
    ///   - units: the number of units of the round.
    init(_ update: UpdateStep.Update, evaluationTokens: Int, units: Int) {
        let training = update.training
        let statistics = training.statistics
        let sequences = Double(max(1, training.sequences))
        step = update.checkpoint.step
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

    /// Fills in the parts of the step's wall-clock time, in seconds.
    package mutating func setTimes(collect: Double, update: Double, checkpoint: Double) {
        collectSeconds = collect
        updateSeconds = update
        checkpointSeconds = checkpoint
        seconds = collect + update + checkpoint
        tokensPerSecond = seconds > 0 ? Double(completionTokens) / seconds : 0
    }
}
