/// The output of a computed unit.
package struct UnitOutput: Sendable, Equatable {
    /// Completions in the order of the unit's sequences.
    package var completions: [Completion]
    package var statistics: UnitStatistics
    /// ∂/∂z of Σ (−A·log π + λ·KL) over the completions, in the layout of the unit's policy; nil if not requested.
    ///
    /// It is a sum, not a mean: the coordinator divides by the step's number of sequences.
    package var gradient: [Float]?

    package init(completions: [Completion], statistics: UnitStatistics = UnitStatistics(), gradient: [Float]? = nil) {
        self.completions = completions
        self.statistics = statistics
        self.gradient = gradient
    }
}

/// Sums and maxima over a unit.
package struct UnitStatistics: Sendable, Equatable, Codable {
    /// Σ −A·log π over completion tokens, nats.
    package var policyLoss: Double = 0
    /// Σ KL over completion tokens, nats, before the coefficient; nil if it was not measured.
    package var kl: Double?
    package var promptTokens = 0
    package var completionTokens = 0
    /// The largest |log π(sampling) − log π(training)| of a token, nats.
    package var largestLogProbabilityDifference: Float = 0
    /// Groups of two or more samples whose rewards are all equal: they carry no gradient under a group advantage.
    package var equalRewardGroups = 0
    /// Completions without a reward at the first try, by reason.
    package var missing: [String: Int] = [:]
    package var samplingSeconds: Double = 0
    package var rewardSeconds: Double = 0
    package var gradientSeconds: Double = 0

    package init() {}
}
