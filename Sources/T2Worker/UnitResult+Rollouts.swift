import T2Core
import T2Transport

extension UnitStatistics {
    /// A prompt is read once for its whole group.
    mutating func count(_ rollouts: [Rollout]) {
        for rollout in rollouts {
            completionTokens += rollout.tokens.count
            if rollout.sample == 0 { promptTokens += rollout.prompt.count }
        }
    }

    mutating func add(_ gradient: UnitGradient, seconds: Double) {
        policyLoss += gradient.policyLoss
        kl += gradient.kl
        largestLogProbabilityDifference = gradient.largestLogProbabilityDifference
        gradientSeconds = seconds
    }
}

extension RolloutReport {
    init(_ rollout: Rollout, _ reward: Reward, advantage: Float) {
        self.init(
            problem: rollout.problem.id, problemNumber: rollout.problemNumber, sample: rollout.sample,
            tokens: rollout.tokens,
            logProbabilities: rollout.logProbabilities, completion: rollout.completion, reward: reward,
            advantage: advantage, finished: rollout.finished)
    }
}
