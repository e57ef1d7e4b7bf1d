import T2Core

/// Checks a unit's result before the coordinator uses any of its numbers.
package struct ResultCheck: Sendable, Equatable {
    package let unit: WorkUnit
    package let model: ModelConfiguration
    /// The number of values of ∂J/∂z; nil if the unit asks for no gradient.
    package let gradientCount: Int?
    /// Whether rewards may be missing.
    package let allowsMissing: Bool

    package init(_ unit: WorkUnit, model: ModelConfiguration, gradientCount: Int?, allowsMissing: Bool = false) {
        self.unit = unit
        self.model = model
        self.gradientCount = gradientCount
        self.allowsMissing = allowsMissing
    }

    /// The first defect of an output; nil if it may be accepted.
    package func defect(of output: UnitOutput) -> ResultDefect? {
        shapeDefect(output) ?? finitenessDefect(output) ?? rewardDefect(output) ?? boundsDefect(output)
    }

    private func boundsDefect(_ output: UnitOutput) -> ResultDefect? {
        UnitBounds(unit: unit).problem(with: output).map { ResultDefect(category: .malformedResult, message: $0) }
    }

    private func shapeDefect(_ output: UnitOutput) -> ResultDefect? {
        func malformed(_ message: String) -> ResultDefect { ResultDefect(category: .malformedResult, message: message) }
        guard output.completions.count == unit.sequences.count else {
            return malformed("expected \(unit.sequences.count) completions, found \(output.completions.count)")
        }
        let maxTokens = unit.sampling?.maxTokens ?? model.contextLength
        for (index, (completion, sequence)) in zip(output.completions, unit.sequences).enumerated() {
            let problem = unit.problems[sequence.problem]
            let problemIndex = unit.problemIndices[sequence.problem]
            guard completion.problem == problem.id, completion.problemIndex == problemIndex,
                completion.sample == sequence.sample, completion.policy == sequence.policy
            else {
                return malformed(
                    "completion \(index) should be sample \(sequence.sample) of problem \(problem.id) (index \(problemIndex)) "
                        + "under policy \(sequence.policy), found sample \(completion.sample) of \(completion.problem) "
                        + "(index \(completion.problemIndex)) under policy \(completion.policy)")
            }
            guard completion.tokens.count <= maxTokens else {
                return malformed("completion \(index) has \(completion.tokens.count) tokens, the limit is \(maxTokens)")
            }
            guard (1...model.contextLength).contains(completion.prompt.count) else {
                return malformed(
                    "completion \(index) has a prompt of \(completion.prompt.count) tokens, the context holds "
                        + "\(model.contextLength)")
            }
            guard completion.logProbabilities.count == completion.tokens.count else {
                return malformed(
                    "completion \(index) has \(completion.tokens.count) tokens and \(completion.logProbabilities.count) "
                        + "log-probabilities")
            }
            let tokens = [completion.prompt, completion.tokens].lazy.joined()
            if let token = tokens.first(where: { !(0..<model.vocabularySize).contains(Int($0)) }) {
                return malformed("completion \(index) holds token \(token), the vocabulary has \(model.vocabularySize)")
            }
        }
        guard output.gradient?.count == gradientCount else {
            return malformed(
                "expected \(Self.described(gradientCount)), found \(Self.described(output.gradient?.count))")
        }
        return nil
    }

    private static func described(_ gradientCount: Int?) -> String {
        gradientCount.map { "a gradient of \($0) values" } ?? "no gradient"
    }

    private func finitenessDefect(_ output: UnitOutput) -> ResultDefect? {
        func nonFinite(_ what: String) -> ResultDefect {
            ResultDefect(category: .nonFinite, message: "\(what) holds a NaN or an infinity")
        }
        if let index = output.gradient?.firstIndex(where: { !$0.isFinite }) {
            return nonFinite("the gradient at value \(index)")
        }
        for (index, completion) in output.completions.enumerated() {
            let name = "completion \(index) (problem \(completion.problem), sample \(completion.sample))"
            guard completion.logProbabilities.allSatisfy(\.isFinite) else {
                return nonFinite("a log-probability of \(name)")
            }
            guard completion.advantage.isFinite else { return nonFinite("the advantage of \(name)") }
        }
        let statistics = output.statistics
        let sums = [
            statistics.policyLoss, statistics.kl ?? 0, Double(statistics.largestLogProbabilityDifference),
            statistics.samplingSeconds, statistics.rewardSeconds, statistics.gradientSeconds,
        ]
        return sums.allSatisfy(\.isFinite) ? nil : nonFinite("a sum of the unit's statistics")
    }

    /// Completions that must be judged have a reward; the others have none.
    private func rewardDefect(_ output: UnitOutput) -> ResultDefect? {
        for (completion, sequence) in zip(output.completions, unit.sequences) {
            let isJudged = unit.sampling != nil && unit.problems[sequence.problem].verification != .unverified
            if let reason = completion.reward.missingReason {
                guard !allowsMissing || !isJudged else { continue }
                return ResultDefect(
                    category: .missingReward,
                    message: "no reward for sample \(completion.sample) of \(completion.problem): \(reason)")
            }
            guard isJudged == (completion.reward != .unjudged) else {
                return ResultDefect(
                    category: .malformedResult,
                    message: "sample \(completion.sample) of \(completion.problem) should be "
                        + (isJudged ? "judged" : "left unjudged"))
            }
        }
        return nil
    }
}

/// The reason why a result cannot be accepted.
package struct ResultDefect: Sendable, Equatable {
    package let category: FailureCategory
    /// A message with what was expected and what was found.
    package let message: String

    package init(category: FailureCategory, message: String) {
        self.category = category
        self.message = message
    }
}
