import T2Core
import T2Tasks
import T2Verifiers

/// Judges a unit's completions: text → reward. Lanes share one.
package struct RewardRunner: Sendable {
    /// Times that a completion is verified before its reward is given up as missing.
    static let attempts = 3
    /// Characters of a reason, and reasons of a unit, at most: they travel with every result.
    private static let (reasonLength, reasonCount) = (200, 8)

    /// Rewards of submissions, in their order; `Verifier.judge`.
    private let judge: @Sendable ([Submission]) -> [Reward]

    package init(judge: @escaping @Sendable ([Submission]) -> [Reward]) { self.judge = judge }

    /// One reward per rollout. Once one is missing for good the unit is lost, and the others are asked for once only: how many
    /// are missing tells what is broken.
    ///
    /// - Parameters:
    ///   - missing: takes the completions without a reward at the first try, by reason.
    ///   - onJudged: called after each completion: programs may run for seconds, and a lease must be renewed.
    /// - Throws: what `onJudged` throws.
    func run(_ rollouts: [Rollout], missing: inout [String: Int], onJudged: () throws -> Void) rethrows -> [Reward] {
        var attempts = Self.attempts
        return try rollouts.map { rollout in
            let reward = verify(rollout, attempts: attempts, &missing)
            if reward.value == nil { attempts = 1 }
            try onJudged()
            return reward
        }
    }

    private func verify(_ rollout: Rollout, attempts: Int, _ missing: inout [String: Int]) -> Reward {
        let submission = Submission(
            problem: rollout.problem, completion: rollout.completion, finished: rollout.finished)
        var reward = judge([submission])[0]
        guard case .missing(let reason) = reward else { return reward }
        let short = String(reason.prefix(Self.reasonLength))
        let isListed = missing[short] != nil || missing.count < Self.reasonCount
        missing[isListed ? short : "other reasons", default: 0] += 1
        for _ in 1..<max(1, attempts) where reward.value == nil { reward = judge([submission])[0] }
        return reward
    }
}
