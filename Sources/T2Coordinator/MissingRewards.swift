import T2Core
import T2Transport

/// Rewards of a step that could not be computed when they were first asked for, as far as this coordinator has seen. Each was or
/// will be computed again; many of them mean that something is broken.
struct MissingRewards: Sendable {
    private let step: Int
    private let sequences: Int
    private var reasons: [String: Int] = [:]

    /// - Parameter sequences: that the step has rewards for.
    init(step: Int, sequences: Int) {
        self.step = step
        self.sequences = sequences
    }

    /// Notes what an accepted unit had to compute again.
    mutating func add(_ statistics: UnitStatistics) {
        reasons.merge(statistics.missing, uniquingKeysWith: +)
    }

    /// Notes a unit that failed for want of rewards; other failures are none of this.
    ///
    /// - Parameter answer: what the worker sent, with the rollouts.
    mutating func add(_ failure: UnitFailure, answer: Message?) {
        guard failure.category == ResultDefect.Category.missingReward.rawValue else { return }
        let rollouts: [RolloutReport]
        switch answer {
        case .result(let result): rollouts = result.rollouts
        case .error(let report): rollouts = report.rollouts
        default: rollouts = []
        }
        let missing = rollouts.compactMap { rollout in
            if case .missing(let reason) = rollout.reward { reason } else { nil }
        }
        for reason in missing.isEmpty ? [failure.message] : missing { reasons[reason, default: 0] += 1 }
    }

    /// - Throws: `CoordinatorError.missingRewards` if they are more than this share of the step's sequences.
    func check(limit: Double) throws(CoordinatorError) {
        let count = reasons.values.reduce(0, +)
        guard Double(count) > limit * Double(sequences) else { return }
        let main = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
        throw .missingRewards(
            step: step, count: count, sequences: sequences, limit: limit,
            reasons: main.map { "\($0.value) times: \($0.key)" })
    }
}
