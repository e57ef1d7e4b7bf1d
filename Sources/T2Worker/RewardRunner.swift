import T2Core
import T2Tasks

/// Judges a unit's completions: text → reward. Lanes share one.
package struct RewardRunner: Sendable {
    /// Times that a completion is verified before its reward is given up as missing.
    static let attempts = 3

    /// Rewards of submissions, in their order; `Verifier.judge`.
    private let judge: @Sendable ([Submission]) -> [Reward]

    package init(judge: @escaping @Sendable ([Submission]) -> [Reward]) { self.judge = judge }

    /// Characters of a reason, and reasons of a unit, at most: they travel with every result.
    private static let (reasonLength, reasonCount) = (200, 8)

    /// One judged reward per rollout: none is missing.
    ///
    /// - Parameters:
    ///   - missing: takes the tries that gave no reward, by reason.
    ///   - onJudged: called after each completion: programs may run for seconds, and a lease must be renewed.
    /// - Throws: `UnitError.missingReward`, or what `onJudged` throws.
    func run(
        _ rollouts: [Rollout], missing: inout [String: Int], onJudged: () throws -> Void
    ) throws -> [JudgedReward] {
        try rollouts.map { rollout in
            let judged = try verify(rollout, &missing)
            try onJudged()
            return judged
        }
    }

    private func verify(_ rollout: Rollout, _ missing: inout [String: Int]) throws(UnitError) -> JudgedReward {
        let submission = Submission(
            problem: rollout.problem, completion: rollout.completion, finished: rollout.finished)
        var reason = ""
        for _ in 0..<Self.attempts {
            let reward = judge([submission])[0]
            if let value = reward.value { return JudgedReward(reward: reward, value: value) }
            if case .missing(let problem) = reward { reason = problem }
            let short = String(reason.prefix(Self.reasonLength))
            let isListed = missing[short] != nil || missing.count < Self.reasonCount
            missing[isListed ? short : "other reasons", default: 0] += 1
        }
        throw .missingReward(
            problem: rollout.problem.id, sample: rollout.sample, attempts: Self.attempts, reason: reason)
    }
}
