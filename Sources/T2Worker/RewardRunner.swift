import T2Core
import T2Tasks

/// Judges a unit's completions: text → reward. Lanes share one.
package struct RewardRunner: Sendable {
    /// Times that a completion is verified before its reward is given up as missing.
    static let attempts = 3

    /// Rewards of submissions, in their order; `Verifier.judge`.
    private let judge: @Sendable ([Submission]) -> [Reward]

    package init(judge: @escaping @Sendable ([Submission]) -> [Reward]) { self.judge = judge }

    /// One judged reward per rollout: none is missing.
    ///
    /// - Parameter onJudged: called after each completion: programs may run for seconds, and a lease must be renewed.
    /// - Throws: `UnitError.missingReward`, or what `onJudged` throws.
    func run(_ rollouts: [Rollout], onJudged: () throws -> Void) throws -> [JudgedReward] {
        try rollouts.map { rollout in
            let judged = try verify(rollout)
            try onJudged()
            return judged
        }
    }

    private func verify(_ rollout: Rollout) throws(UnitError) -> JudgedReward {
        let submission = Submission(
            problem: rollout.problem, completion: rollout.completion, finished: rollout.finished)
        var reason = ""
        for _ in 0..<Self.attempts {
            let reward = judge([submission])[0]
            if let value = reward.value { return JudgedReward(reward: reward, value: value) }
            if case .missing(let problem) = reward { reason = problem }
        }
        throw .missingReward(
            problem: rollout.problem.id, sample: rollout.sample, attempts: Self.attempts, reason: reason)
    }
}
