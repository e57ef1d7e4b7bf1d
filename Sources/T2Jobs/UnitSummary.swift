import T2Core

/// The sums that are kept of an accepted unit, besides its gradient and its completions; they add up over units.
package struct UnitSummary: Sendable, Equatable, Codable {
    package var sequences = 0
    package var right = 0
    package var wrong = 0
    package var noAnswer = 0
    package var cutOff = 0
    package var missing = 0
    package var unjudged = 0
    /// The number of completions that reached the token limit, with or without an answer.
    package var unfinished = 0
    package var rewardSum: Double = 0
    package var statistics = UnitStatistics()

    package init() {}

    package init(_ output: UnitOutput) {
        statistics = output.statistics
        for completion in output.completions {
            sequences += 1
            unfinished += completion.finishReason == .length ? 1 : 0
            rewardSum += Double(completion.reward.value ?? 0)
            switch completion.reward {
            case .judged(.right): right += 1
            case .judged(.wrong): wrong += 1
            case .judged(.noAnswer): noAnswer += 1
            case .judged(.cutOff): cutOff += 1
            case .missing: missing += 1
            case .unjudged: unjudged += 1
            }
        }
    }

    package var judged: Int { right + wrong + noAnswer + cutOff }

    /// Adds another unit's sums; for maxima it keeps the larger one.
    package mutating func add(_ other: UnitSummary) {
        sequences += other.sequences
        right += other.right
        wrong += other.wrong
        noAnswer += other.noAnswer
        cutOff += other.cutOff
        missing += other.missing
        unjudged += other.unjudged
        unfinished += other.unfinished
        rewardSum += other.rewardSum
        statistics.policyLoss += other.statistics.policyLoss
        if let kl = other.statistics.kl { statistics.kl = (statistics.kl ?? 0) + kl }
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
