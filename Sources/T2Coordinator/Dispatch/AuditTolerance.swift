import T2Core

/// The comparison of two results of a unit by machines of different kinds, whose last bits differ. Of two results, one scored the tokens
/// of the other, or both scored those of a third.
///
/// Measured between the kernels of OpenBLAS for AVX2 and for AVX-512, on one processor: see Sources/T2Transport/README.md.
package enum AuditTolerance {
    /// The largest difference of a token's log-probability and, per token, of a loss or divergence, in nats.
    package static let logProbability: Float = 1e-3
    /// The largest Euclidean norm of the difference of two gradients: this share of the larger one's, plus this much per completion token.
    package static let (gradientShare, gradientPerToken) = (1e-3, 1e-5)
    /// The largest difference of an advantage.
    private static let advantage: Float = 1e-4

    /// Whether two outputs agree.
    ///
    /// - Parameter first: the output that checks are about. A check ends a completion where it finds a wrong token, and is then compared
    ///   up to there.
    package static func agree(_ a: UnitOutput, _ b: UnitOutput, checking first: UnitOutput) -> Bool {
        guard a.completions.count == b.completions.count else { return false }
        for (index, (a, b)) in zip(a.completions, b.completions).enumerated() {
            guard agree(a, b, isComplete: isComplete(a, b, first.completions[index])) else { return false }
        }
        // What follows depends on every token of the unit: an advantage on the rewards of the other completions.
        guard isWhole(a, b, checking: first) else { return true }
        return zip(a.completions, b.completions).allSatisfy { abs($0.advantage - $1.advantage) <= advantage }
            && agree(a.statistics, b.statistics) && agree(a.gradient, b.gradient, tokens: a.statistics.completionTokens)
    }

    /// Whether no check ended a completion early, so that the outputs can be compared as a whole.
    static func isWhole(_ a: UnitOutput, _ b: UnitOutput, checking first: UnitOutput) -> Bool {
        zip(zip(a.completions, b.completions), first.completions).allSatisfy { isComplete($0.0, $0.1, $1) }
    }

    private static func isComplete(_ a: Completion, _ b: Completion, _ checked: Completion) -> Bool {
        a.tokens == checked.tokens || b.tokens == checked.tokens
    }

    private static func agree(_ a: Completion, _ b: Completion, isComplete: Bool) -> Bool {
        let count = min(a.tokens.count, b.tokens.count)
        guard a.prompt == b.prompt, a.tokens.prefix(count) == b.tokens.prefix(count),
            zip(a.logProbabilities, b.logProbabilities).allSatisfy({ abs($0 - $1) <= logProbability })
        else { return false }
        guard isComplete else { return true }
        return a.tokens.count == b.tokens.count && a.text == b.text && a.finishReason == b.finishReason
            && a.reward == b.reward
    }

    private static func agree(_ a: UnitStatistics, _ b: UnitStatistics) -> Bool {
        let loss = Double(logProbability) * Double(a.completionTokens)
        return a.promptTokens == b.promptTokens && a.equalRewardGroups == b.equalRewardGroups
            && abs(a.policyLoss - b.policyLoss) <= loss && (a.kl == nil) == (b.kl == nil)
            && abs((a.kl ?? 0) - (b.kl ?? 0)) <= loss
    }

    private static func agree(_ a: [Float]?, _ b: [Float]?, tokens: Int) -> Bool {
        guard let a, let b, a.count == b.count else { return a == nil && b == nil }
        let (difference, larger) = norms(a, b)
        return difference <= gradientShare * larger + gradientPerToken * Double(tokens)
    }

    /// The Euclidean norms of the difference of two gradients, and of the larger one.
    private static func norms(_ a: [Float], _ b: [Float]) -> (difference: Double, larger: Double) {
        func norm(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        return (
            norm(zip(a, b).lazy.map { Double($0) - Double($1) }),
            max(norm(a.lazy.map(Double.init)), norm(b.lazy.map(Double.init)))
        )
    }

    /// The differences of two outputs that agree, for the log.
    static func text(_ a: UnitOutput, _ b: UnitOutput) -> String {
        let logProbabilities = zip(a.completions, b.completions).flatMap {
            zip($0.logProbabilities, $1.logProbabilities)
        }
        let largest = logProbabilities.reduce(0) { max($0, abs($1.0 - $1.1)) }
        guard let gradient = a.gradient, let other = b.gradient else { return "log-probabilities: \(largest)" }
        let (difference, larger) = norms(gradient, other)
        return "log-probabilities: \(largest); gradients: \(Float(difference)) of \(Float(larger)), "
            + "\(a.statistics.completionTokens) tokens"
    }
}
