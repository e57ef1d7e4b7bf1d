import T2Core

/// The advantages of a unit's samples. The advantage of a sample is its reward minus a baseline; the baseline does not
/// depend on that sample, except with `group-normalized`.
///
/// - Units: those of the reward; `group-normalized` is dimensionless.
package struct Advantage: Sendable, Equatable {
    /// The advantages: one array per prompt, in the order of the rewards.
    package let groups: [[Float]]
    /// The number of groups of two or more samples whose rewards are all equal, so that comparing them teaches nothing.
    package let equalRewardGroups: Int

    /// ε, which is added to the standard deviation of a group so that nearly equal rewards do not become large
    /// advantages.
    package static let normalizationEpsilon = 1e-4

    /// Computes A = r − b with the baseline b of `kind`, or (r − mean) / (s + ε) for `group-normalized`.
    ///
    /// | kind | baseline of sample i |
    /// |---|---|
    /// | `none` | 0 |
    /// | `running-mean` | `runningMean` |
    /// | `unit-mean` | the mean of the unit's other samples, (Σr − rᵢ)/(n − 1) |
    /// | `group-mean` | the mean of the same prompt's other samples |
    /// | `group-normalized` | the mean of the prompt's samples; s² = Σ(r − mean)²/(n − 1); A = 0 if all rewards are equal |
    ///
    /// - Shapes: rewards [prompts][samples] -> groups of the same shape.
    /// - Accuracy: computed in Float64 and rounded once.
    /// - Throws: `LearningError.tooFewSamples` if a baseline needs another sample and there is none.
    /// - Source: RLOO: arXiv 2402.14740, equation 8. GRPO: arXiv 2402.03300, section 4.1.2.
    package init(rewards: [[Float]], kind: AdvantageKind, runningMean: Float = 0) throws(LearningError) {
        equalRewardGroups = rewards.count { $0.count > 1 && Self.allEqual($0) }
        switch kind {
        case .none:
            groups = rewards
        case .runningMean:
            groups = rewards.map { $0.map { $0 - runningMean } }
        case .unitMean:
            let all = rewards.flatMap(\.self)
            guard all.count > 1 else { throw .tooFewSamples(kind: kind, of: "a unit", found: all.count) }
            let total = Self.sum(all)
            groups = rewards.map { Self.leaveOneOut($0, total: total, count: all.count) }
        case .groupMean:
            try Self.requirePairs(rewards, kind)
            groups = rewards.map { Self.leaveOneOut($0, total: Self.sum($0), count: $0.count) }
        case .groupNormalized:
            try Self.requirePairs(rewards, kind)
            groups = rewards.map(Self.normalized)
        }
    }

    /// Rejects a configuration with which `init` would fail in the middle of a run.
    ///
    /// - Throws: `LearningError.configuration`, which names the keys.
    package static func validate(
        kind: AdvantageKind, samplesPerPrompt: Int, promptsPerUnit: Int, promptsPerStep: Int
    ) throws(LearningError) {
        switch kind {
        case .none, .runningMean:
            return
        case .unitMean:
            let rest = promptsPerStep % max(1, promptsPerUnit)
            // The last unit of a step is the smallest one.
            let smallest = rest > 0 ? rest : promptsPerUnit
            guard smallest * samplesPerPrompt < 2 else { return }
            throw .configuration(
                keys: "advantage, samples-per-prompt, prompts-per-unit",
                problem: "'unit-mean' compares the samples of a unit, and with prompts-per-unit \(promptsPerUnit), "
                    + "prompts-per-step \(promptsPerStep) and samples-per-prompt \(samplesPerPrompt) a unit has only "
                    + "\(smallest * samplesPerPrompt)",
                remedy: remedy(for: kind))
        case .groupMean, .groupNormalized:
            guard samplesPerPrompt < 2 else { return }
            throw .configuration(
                keys: "advantage, samples-per-prompt",
                problem:
                    "'\(kind.rawValue)' compares the samples of one prompt, and samples-per-prompt is \(samplesPerPrompt)",
                remedy: remedy(for: kind))
        }
    }

    static func remedy(for kind: AdvantageKind) -> String {
        switch kind {
        case .groupMean, .groupNormalized: "Set samples-per-prompt to 2 or more, or advantage to unit-mean."
        case .unitMean, .none, .runningMean:
            "Set prompts-per-unit to 2 or more and to a divisor of prompts-per-step, or advantage to running-mean."
        }
    }

    private static func requirePairs(_ rewards: [[Float]], _ kind: AdvantageKind) throws(LearningError) {
        for (number, group) in rewards.enumerated() where group.count < 2 {
            throw .tooFewSamples(kind: kind, of: "prompt \(number) of a unit", found: group.count)
        }
    }

    private static func sum(_ rewards: [Float]) -> Double { rewards.reduce(0) { $0 + Double($1) } }

    private static func allEqual(_ rewards: [Float]) -> Bool { rewards.allSatisfy { $0 == rewards[0] } }

    private static func leaveOneOut(_ rewards: [Float], total: Double, count: Int) -> [Float] {
        rewards.map { reward in
            let reward = Double(reward)
            return Float(reward - (total - reward) / Double(count - 1))
        }
    }

    private static func normalized(_ rewards: [Float]) -> [Float] {
        guard !allEqual(rewards) else { return rewards.map { _ in 0 } }
        let mean = sum(rewards) / Double(rewards.count)
        let squares = rewards.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        let deviation = (squares / Double(rewards.count - 1)).squareRoot()
        return rewards.map { Float((Double($0) - mean) / (deviation + normalizationEpsilon)) }
    }
}

/// The mean reward of all past steps, which is the baseline of `running-mean`. It is known before a step's first lease.
package struct RunningMeanReward: Sendable, Equatable, Codable {
    package private(set) var sum = 0.0
    package private(set) var count = 0

    package init() {}

    /// The mean. It is 0 before the first step, so that the advantages of that step are its rewards.
    package var mean: Float { count == 0 ? 0 : Float(sum / Double(count)) }

    /// Adds the rewards of a finished step, without the missing ones.
    package mutating func add(sum: Double, count: Int) {
        self.sum += sum
        self.count += count
    }
}
