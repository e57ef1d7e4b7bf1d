import T2Core

// Shape legend: V = vocabulary.

/// The training loss of one completion token, −A·log π(s) + λ·KL, and its gradient with respect to the policy's logits.
///
/// Summed over the tokens of all sequences and multiplied by 1/B (B = sequences of the step) it is the loss of the step,
/// L = −(1/B) Σ A log π(ŷ) + (λ/B) Σ KL. The factor 1/B is left to whoever owns the step, so that units only sum.
/// - Source: arXiv 2501.06252, section 3.2.
package struct PolicyGradientLoss: Sendable, Equatable {
    /// λ.
    package let klCoefficient: Float
    package let penalty: KLPenalty

    /// The two terms of a token; `kl` is before the coefficient.
    package struct TokenLoss: Sendable, Equatable {
        /// −A·log π(s), reward × nats.
        package let policyLoss: Double
        /// Nats; 0 when no reference row was given.
        package let kl: Double
    }

    /// - Throws: `LearningError.configuration` for a negative or non-finite coefficient, an impossible estimator, or `k1`
    ///   with a coefficient: it measures and does not steer.
    package init(
        klCoefficient: Float, klDirection: KLDirection, klEstimator: KLEstimator
    ) throws(LearningError) {
        guard klCoefficient >= 0, klCoefficient.isFinite else {
            throw .configuration(
                keys: "kl-coefficient", problem: "is \(klCoefficient), expected a number of 0 or more",
                remedy: "Published values are 0 to 0.3.")
        }
        guard klEstimator != .k1 || klCoefficient == 0 else {
            throw .configuration(
                keys: "kl-coefficient, kl-estimator",
                problem:
                    "'k1' with a coefficient of \(klCoefficient) penalises nothing: its gradient is zero on average",
                remedy: "Set kl-estimator to exact, k2 or k3, or kl-coefficient to 0: then k1 is only reported.")
        }
        self.klCoefficient = klCoefficient
        penalty = try KLPenalty(direction: klDirection, estimator: klEstimator)
    }

    package init(_ specification: GradientSpecification) throws(LearningError) {
        try self.init(
            klCoefficient: specification.klCoefficient, klDirection: specification.klDirection,
            klEstimator: specification.klEstimator)
    }

    /// Whether the reference model must be run for these tokens.
    package var needsReference: Bool { klCoefficient > 0 }

    /// The loss of one token; adds its gradient, −A(δ_vs − π_v) + λ·∂KL/∂logit_v, to a row.
    ///
    /// The logits are those whose softmax is π. When sampling at temperature T, π = softmax(raw / T): the rows given are
    /// log-softmax(raw / T), and the caller multiplies the gradient row by 1/T to come to the raw logits.
    /// - Shapes: policy_V, reference_V: log-softmax rows [V], finite; gradient_V [V].
    /// - Parameters:
    ///   - reference_V: may be nil when λ = 0; when it is given then, KL is reported and adds no gradient.
    ///   - sampled: the token that was sampled at this position.
    /// - Accuracy: as `KLPenalty.evaluate`.
    /// - Cost: one pass with exp over V, and the penalty's; no allocation.
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
