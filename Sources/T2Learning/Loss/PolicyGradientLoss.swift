import T2Core

// Shape legend: V = vocabulary.

/// The training loss of one completion token, −A·log π(s) + λ·KL, and its gradient with respect to the policy's logits.
///
/// Its sum over the tokens of all sequences, multiplied by 1/B with B the number of sequences in the step, is the loss
/// of the step, L = −(1/B) Σ A log π(ŷ) + (λ/B) Σ KL. The units of a step only sum; `GradientSum.mean` applies the
/// factor 1/B.
/// - Source: arXiv 2501.06252, section 3.2.
package struct PolicyGradientLoss: Sendable, Equatable {
    /// The coefficient λ.
    package let klCoefficient: Float
    package let penalty: KLPenalty

    /// The two terms of a token's loss.
    package struct TokenLoss: Sendable, Equatable {
        /// −A·log π(s), in reward × nats.
        package let policyLoss: Double
        /// The divergence in nats, without the coefficient. It is 0 if no reference row was given.
        package let kl: Double
    }

    /// - Throws: `LearningError.configuration` if the coefficient is negative or not finite, if the direction has no
    ///   such estimator, or if the estimator is `k1` with a coefficient above 0, since its gradient is zero on average.
    package init(klCoefficient: Float, klDirection: KLDirection, klEstimator: KLEstimator) throws(LearningError) {
        try LearningError.require(
            klCoefficient >= 0 && klCoefficient.isFinite, "kl-coefficient", klCoefficient, "a number of 0 or more",
            remedy: "Published values are 0 to 0.3.")
        guard klEstimator != .k1 || klCoefficient == 0 else {
            throw .configuration(
                keys: "kl-coefficient, kl-estimator",
                problem:
                    "'k1' with a coefficient of \(klCoefficient) penalises nothing: its gradient is zero on average",
                remedy: "Set kl-estimator to exact, k2 or k3, or kl-coefficient to 0, with which k1 is only reported.")
        }
        self.klCoefficient = klCoefficient
        penalty = try KLPenalty(direction: klDirection, estimator: klEstimator)
    }

    package init(_ specification: GradientSpecification) throws(LearningError) {
        try self.init(
            klCoefficient: specification.klCoefficient, klDirection: specification.klDirection,
            klEstimator: specification.klEstimator)
    }

    /// Whether the loss needs the log-probabilities of the reference model.
    package var needsReference: Bool { klCoefficient > 0 }

    /// Returns the loss of one token, and adds its gradient, −A(δ_vs − π_v) + λ·∂KL/∂logit_v, to a row.
    ///
    /// The logits are those whose softmax is π. When sampling at temperature T, π = softmax(raw / T): the rows passed
    /// are log-softmax(raw / T), and the caller multiplies the gradient row by 1/T to obtain the gradient with respect
    /// to the raw logits.
    /// - Shapes: policy_V, reference_V: log-softmax rows [V], finite; gradient_V [V].
    /// - Parameters:
    ///   - reference_V: may be nil if λ = 0. If it is passed with λ = 0, the divergence is reported and adds no
    ///     gradient.
    ///   - sampled: the token that was sampled at this position.
    /// - Accuracy: that of `KLPenalty.evaluate`.
    /// - Cost: one pass over V with exp, in addition to those of the penalty; no allocation.
    package func evaluate(
        policy policy_V: UnsafeBufferPointer<Float>, reference reference_V: UnsafeBufferPointer<Float>?, sampled: Int,
        advantage: Float, addingGradientTo gradient_V: UnsafeMutableBufferPointer<Float>
    ) -> TokenLoss {
        precondition(reference_V != nil || !needsReference)
        precondition(policy_V.indices.contains(sampled))
        let policyLoss = -Double(advantage) * Double(policy_V[sampled])
        if advantage != 0 {
            addLogProbabilityGradient(policy: policy_V, sampled: sampled, weight: -advantage, to: gradient_V)
        }
        guard let reference_V else { return TokenLoss(policyLoss: policyLoss, kl: 0) }
        let kl =
            needsReference
            ? penalty.evaluate(
                policy: policy_V, reference: reference_V, sampled: sampled, weight: klCoefficient,
                addingGradientTo: gradient_V)
            : penalty.value(policy: policy_V, reference: reference_V, sampled: sampled)
        return TokenLoss(policyLoss: policyLoss, kl: kl)
    }
}
