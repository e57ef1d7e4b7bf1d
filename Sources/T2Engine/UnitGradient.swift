/// The gradient of a unit: sums over its completions, not means.
package struct UnitGradient: Sendable, Equatable {
    /// In the layout of the unit's policy.
    package var sum: [Float] = []
    /// Σ −A·log π over completion tokens, nats.
    package var policyLoss: Double = 0
    /// Σ KL over completion tokens, nats, before the coefficient; nil where the reference model was not run.
    package var kl: Double?
    /// The first token whose loss or log-probability is not finite.
    var firstNonFinite: NonFiniteToken?
    /// The largest |log π(sampling) − log π(training)| of a token, nats.
    package var largestLogProbabilityDifference: Float = 0
}
