/// What the gradient of a unit came to: sums over its rollouts, not means.
struct UnitGradient: Sendable, Equatable {
    /// In the layout of the lease's z.
    var sum: [Float] = []
    /// Σ −A·log π over completion tokens, nats.
    var policyLoss: Double = 0
    /// Σ KL over completion tokens, nats, before the coefficient.
    var kl: Double = 0
    /// The first token whose loss or log-probability is not finite.
    var firstNonFinite: NonFiniteToken?
    /// Largest |log π(sampling) − log π(training)| of a token, nats.
    var largestLogProbabilityDifference: Float = 0
}
