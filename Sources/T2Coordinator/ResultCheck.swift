import T2Core
import T2Transport

/// What a valid result of a unit looks like: the coordinator trusts no number before it was checked against this.
package struct ResultCheck: Sendable, Equatable {
    /// In the order of the lease.
    package let problems: [Problem]
    package let problemNumbers: [Int]
    package let samplesPerPrompt: Int
    package let maxTokens: Int
    package let vocabularySize: Int
    /// Values of ∂J/∂z; nil if none was asked for.
    package let gradientCount: Int?

    package init(
        problems: [Problem], problemNumbers: [Int], samplesPerPrompt: Int, maxTokens: Int, vocabularySize: Int,
        gradientCount: Int?
    ) {
        self.problems = problems
        self.problemNumbers = problemNumbers
        self.samplesPerPrompt = samplesPerPrompt
        self.maxTokens = maxTokens
        self.vocabularySize = vocabularySize
        self.gradientCount = gradientCount
    }

    /// The first thing wrong with a result; nil if it may be accepted.
    package func defect(of result: UnitResult) -> ResultDefect? {
        shapeDefect(result) ?? finitenessDefect(result) ?? missingReward(result)
    }

    private func shapeDefect(_ result: UnitResult) -> ResultDefect? {
        func malformed(_ message: String) -> ResultDefect { ResultDefect(category: .malformed, message: message) }
        let expected = problems.count * samplesPerPrompt
        guard result.rollouts.count == expected else {
            return malformed("expected \(expected) rollouts, found \(result.rollouts.count)")
        }
        for (place, rollout) in result.rollouts.enumerated() {
            let (group, sample) = place.quotientAndRemainder(dividingBy: samplesPerPrompt)
            guard rollout.problem == problems[group].id, rollout.problemNumber == problemNumbers[group],
                rollout.sample == sample
            else {
                return malformed(
                    "rollout \(place) should be sample \(sample) of problem \(problems[group].id) (number \(problemNumbers[group])), "
                        + "found sample \(rollout.sample) of \(rollout.problem) (number \(rollout.problemNumber))")
            }
            guard rollout.tokens.count <= maxTokens else {
                return malformed("rollout \(place) has \(rollout.tokens.count) tokens, the limit is \(maxTokens)")
            }
            guard rollout.logProbabilities.count == rollout.tokens.count else {
                return malformed(
                    "rollout \(place) has \(rollout.tokens.count) tokens and \(rollout.logProbabilities.count) log-probabilities"
                )
            }
            if let token = rollout.tokens.first(where: { !(0..<vocabularySize).contains(Int($0)) }) {
                return malformed("rollout \(place) holds token \(token), the vocabulary has \(vocabularySize)")
            }
        }
        guard result.gradient?.count == gradientCount else {
            return malformed(
                "expected \(Self.described(gradientCount)), found \(Self.described(result.gradient?.count))")
        }
        return nil
    }

    private static func described(_ gradientCount: Int?) -> String {
        gradientCount.map { "a gradient of \($0) values" } ?? "no gradient"
    }

    private func finitenessDefect(_ result: UnitResult) -> ResultDefect? {
        func nonFinite(_ what: String) -> ResultDefect {
            ResultDefect(category: .nonFinite, message: "\(what) holds a NaN or an infinity")
        }
        if let place = result.gradient?.firstIndex(where: { !$0.isFinite }) {
            return nonFinite("the gradient at value \(place)")
        }
        for (place, rollout) in result.rollouts.enumerated() {
            let name = "rollout \(place) (problem \(rollout.problem), sample \(rollout.sample))"
            guard rollout.logProbabilities.allSatisfy(\.isFinite) else {
                return nonFinite("a log-probability of \(name)")
            }
            guard rollout.advantage.isFinite else { return nonFinite("the advantage of \(name)") }
        }
        let statistics = result.statistics
        let sums = [
            statistics.policyLoss, statistics.kl, Double(statistics.largestLogProbabilityDifference),
            statistics.samplingSeconds, statistics.rewardSeconds, statistics.gradientSeconds,
        ]
        return sums.allSatisfy(\.isFinite) ? nil : nonFinite("a sum of the unit's statistics")
    }

    private func missingReward(_ result: UnitResult) -> ResultDefect? {
        for rollout in result.rollouts {
            if case .missing(let reason) = rollout.reward {
                return ResultDefect(
                    category: .missingReward,
                    message: "no reward for sample \(rollout.sample) of \(rollout.problem): \(reason)")
            }
        }
        return nil
    }
}
