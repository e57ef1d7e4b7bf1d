import T2Core
import T2Jobs
import T2Transport

/// The bounds of a unit's numbers. They are far beyond those of any sound unit, and so narrow that sums over all units
/// of a run are finite and the run's state can always be written and read again.
struct UnitBounds {
    /// The largest absolute value, per completion token, of a loss in nats, of a divergence in nats and of ∂J/∂z.
    private static let perToken = 1e12
    /// Log-probabilities in nats; rounding may lift one slightly above 0.
    private static let logProbabilities: ClosedRange<Float> = -1e6...1e-3
    /// The largest number of UTF-8 bytes that a token can decode to.
    private static let textBytesPerToken = 512
    private static let seconds = 0...1e8
    /// The largest number of different reasons for missing rewards, and of UTF-8 bytes of one.
    private static let (reasons, reasonBytes) = (16, 2_000)

    let unit: WorkUnit

    /// The largest number of tokens that a worker can have sampled and scored for the unit.
    func largestProgress(contextLength: Int) -> Int {
        unit.sequences.count * (unit.sampling?.maxTokens ?? contextLength) * (unit.gradient == nil ? 1 : 2)
    }

    /// The first value of an output, which has the unit's shape, that the unit cannot have; nil if there is none.
    func problem(with output: UnitOutput) -> String? {
        let tokens = output.completions.reduce(0) { $0 + $1.tokens.count }
        for (index, completion) in output.completions.enumerated() {
            if let problem = problem(with: completion) {
                return "completion \(index) (problem \(completion.problem), sample \(completion.sample)) \(problem)"
            }
        }
        guard output.statistics.completionTokens == tokens else {
            return "the completions have \(tokens) tokens, the statistics count \(output.statistics.completionTokens)"
        }
        // The divergence's part of the gradient grows with its coefficient.
        let limit = Self.perToken * Double(tokens) * max(1, Double(unit.gradient?.klCoefficient ?? 0))
        if let index = output.gradient?.firstIndex(where: { Double(abs($0)) > limit }), let gradient = output.gradient {
            return
                "the gradient's value \(index) is \(gradient[index]), expected at most ±\(limit) for \(tokens) tokens"
        }
        return problem(with: UnitSummary(output))
    }

    private func problem(with completion: Completion) -> String? {
        let textLimit = Self.textBytesPerToken * completion.tokens.count
        guard completion.text.utf8.count <= textLimit else {
            return "has a text of \(completion.text.utf8.count) bytes, expected at most \(textLimit) for "
                + "\(completion.tokens.count) tokens"
        }
        if let found = completion.logProbabilities.first(where: { !Self.logProbabilities.contains($0) }) {
            return "has the log-probability \(found), expected \(Self.logProbabilities)"
        }
        guard abs(completion.advantage) <= largestAdvantage else {
            return "has the advantage \(completion.advantage), expected at most ±\(largestAdvantage)"
        }
        if let reason = completion.reward.missingReason, reason.utf8.count > Self.reasonBytes {
            return
                "has a reason of \(reason.utf8.count) bytes for its missing reward, expected at most \(Self.reasonBytes)"
        }
        return nil
    }

    /// The largest absolute advantage, with a tolerance for rounding; rewards are −1 and +1.
    private var largestAdvantage: Float {
        guard let gradient = unit.gradient else { return 0 }
        let largest: Float =
            switch gradient.advantage {
            case .none: 1
            case .runningMean: 1 + abs(gradient.runningMeanReward)
            case .unitMean, .groupMean: 2
            // One of n samples differs from the others: (n − 1)/√n.
            case .groupNormalized: Float(unit.sequences.count).squareRoot()
            }
        return largest * 1.001
    }

    /// The first of a unit's sums that is impossible; nil if there is none.
    func problem(with sums: UnitSummary) -> String? {
        let counts = [
            sums.right, sums.wrong, sums.noAnswer, sums.cutOff, sums.missing, sums.unjudged,
        ]
        let sequences = 0...unit.sequences.count
        let statistics = sums.statistics
        guard sums.sequences == unit.sequences.count, counts.allSatisfy(sequences.contains),
            counts.reduce(0, +) == sums.sequences, sequences.contains(sums.unfinished),
            abs(sums.rewardSum) <= Double(sums.sequences), sequences.contains(statistics.equalRewardGroups)
        else { return "its counts do not add up to \(unit.sequences.count) completions" }
        guard (0...MessageLimits.counter).contains(statistics.completionTokens),
            (0...MessageLimits.counter).contains(statistics.promptTokens)
        else {
            return
                "its numbers of tokens, \(statistics.promptTokens) and \(statistics.completionTokens), are impossible"
        }
        return problem(with: statistics.missing, stillMissing: sums.missing) ?? problem(with: statistics)
    }

    private func problem(with missing: [String: Int], stillMissing: Int) -> String? {
        guard missing.count <= Self.reasons, missing.keys.allSatisfy({ $0.utf8.count <= Self.reasonBytes }) else {
            return "expected at most \(Self.reasons) reasons of at most \(Self.reasonBytes) bytes for missing rewards, "
                + "found \(missing.count)"
        }
        let counts = missing.values
        guard counts.allSatisfy((1...unit.sequences.count).contains),
            (stillMissing...unit.sequences.count).contains(counts.reduce(0, +))
        else {
            return "its counts of missing rewards, \(counts.sorted()), do not fit \(unit.sequences.count) completions, "
                + "of which \(stillMissing) have no reward"
        }
        return nil
    }

    private func problem(with statistics: UnitStatistics) -> String? {
        let loss = Self.perToken * Double(statistics.completionTokens)
        let difference = Double(Self.logProbabilities.upperBound - Self.logProbabilities.lowerBound)
        let bounded: [(name: String, value: Double, range: ClosedRange<Double>)] = [
            ("policyLoss", statistics.policyLoss, -loss...loss), ("kl", statistics.kl ?? 0, -loss...loss),
            (
                "largestLogProbabilityDifference", Double(statistics.largestLogProbabilityDifference), 0...difference
            ),
            ("samplingSeconds", statistics.samplingSeconds, Self.seconds),
            ("rewardSeconds", statistics.rewardSeconds, Self.seconds),
            ("gradientSeconds", statistics.gradientSeconds, Self.seconds),
        ]
        return bounded.first { !$0.range.contains($0.value) }.map {
            "its \($0.name) is \($0.value), expected \($0.range)"
        }
    }
}
