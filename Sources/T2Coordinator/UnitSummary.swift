import T2Core
import T2Transport

/// What is kept of an accepted unit besides its gradient and its rollouts: sums that add up over units.
package struct UnitSummary: Sendable, Equatable, Codable {
    package var sequences = 0
    package var right = 0
    package var wrong = 0
    package var noAnswer = 0
    package var cutOff = 0
    /// Completions that reached the token limit, with an answer or without.
    package var unfinished = 0
    package var rewardSum: Double = 0
    package var statistics = UnitStatistics()

    package init() {}

    package init(_ result: UnitResult) {
        statistics = result.statistics
        for rollout in result.rollouts {
            sequences += 1
            unfinished += rollout.finished ? 0 : 1
            rewardSum += Double(rollout.reward.value ?? 0)
            if case .judged(let outcome) = rollout.reward {
                switch outcome {
                case .right: right += 1
                case .wrong: wrong += 1
                case .noAnswer: noAnswer += 1
                case .cutOff: cutOff += 1
                }
            }
        }
    }

    /// Adds another unit's sums; maxima are kept as maxima.
    package mutating func add(_ other: UnitSummary) {
        sequences += other.sequences
        right += other.right
        wrong += other.wrong
        noAnswer += other.noAnswer
        cutOff += other.cutOff
        unfinished += other.unfinished
        rewardSum += other.rewardSum
        statistics.policyLoss += other.statistics.policyLoss
        statistics.kl += other.statistics.kl
        statistics.promptTokens += other.statistics.promptTokens
        statistics.completionTokens += other.statistics.completionTokens
        statistics.largestLogProbabilityDifference = max(
            statistics.largestLogProbabilityDifference, other.statistics.largestLogProbabilityDifference)
        statistics.missing.merge(other.statistics.missing, uniquingKeysWith: +)
        statistics.equalRewardGroups += other.statistics.equalRewardGroups
        statistics.samplingSeconds += other.statistics.samplingSeconds
        statistics.rewardSeconds += other.statistics.rewardSeconds
        statistics.gradientSeconds += other.statistics.gradientSeconds
    }
}
