import Foundation
import T2Core

// Shape legend: V = vocabulary. π is the policy, q the reference, s the sampled token.

/// The Kullback–Leibler divergence between policy and reference at one token position, and its gradient.
///
/// | direction | estimator | value | ∂/∂logit_v |
/// |---|---|---|---|
/// | policy-reference | exact | Σ π(log π − log q) | π_v(log π_v − log q_v − KL) |
/// | reference-policy | exact | Σ q(log q − log π) | π_v − q_v |
/// | policy-reference | k1 | d = log π_s − log q_s | 1·(δ_vs − π_v) |
/// | policy-reference | k2 | d²/2 | d·(δ_vs − π_v) |
/// | policy-reference | k3 | e^(−d) − 1 + d | (1 − e^(−d))·(δ_vs − π_v) |
///
/// The sampled values k1 and k3 are unbiased for KL(π‖q), k2 is not, but close to it where the two are close. Their gradients
/// are those of the value as a function of log π_s, and on average over s ~ π they are: k1: zero (it measures, and penalises
/// nothing, so that `PolicyGradientLoss` takes it with λ = 0 alone); k2: the gradient of KL(π‖q); k3: the gradient of KL(q‖π).
/// KL(q‖π) has no sampled form here: its samples would have to come from q, and a rollout's come from π.
/// - Units: nats.
/// - Source: J. Schulman, "Approximating KL Divergence", 2020, http://joschu.net/blog/kl-approx.html.
package struct KLPenalty: Sendable, Equatable {
    package let direction: KLDirection
    package let estimator: KLEstimator

    /// - Throws: `LearningError.configuration` for a sampled estimator of `reference-policy`.
    package init(direction: KLDirection, estimator: KLEstimator) throws(LearningError) {
        guard direction == .policyReference || estimator == .exact else {
            throw .configuration(
                keys: "kl-direction, kl-estimator",
                problem:
                    "'\(estimator.rawValue)' estimates from sampled tokens, which come from the policy, and 'reference-policy' "
                    + "is an expectation under the reference",
                remedy: "Set kl-estimator to exact, or kl-direction to policy-reference.")
        }
        self.direction = direction
        self.estimator = estimator
    }

    /// The divergence of one token; adds weight × its gradient with respect to the policy's logits to a row.
    ///
    /// The logits are those whose softmax is π. When π = softmax(raw / T), the caller multiplies the row by 1/T to come to the
    /// raw logits.
    /// - Shapes: policy_V, reference_V: log-softmax rows [V], finite; gradient_V [V].
    /// - Units: nats.
    /// - Accuracy: 2e-6 absolute, value and gradient per unit weight, for log-ratios below 10; proved by `KLPenaltyTests`.
    /// - Cost: exact: two or one passes with exp over V; sampled: one. No allocation.
    package func evaluate(
        policy policy_V: UnsafeBufferPointer<Float>, reference reference_V: UnsafeBufferPointer<Float>, sampled: Int,
        weight: Float, addingGradientTo gradient_V: UnsafeMutableBufferPointer<Float>
    ) -> Double {
        switch (direction, estimator) {
        case (.policyReference, .exact):
            let kl = exact(policy_V, reference_V)
            let offset = Float(kl)
            VocabularyRow.add(to: gradient_V, policy_V, reference_V) { policy, reference in
                VocabularyRow.exponential(policy) * (policy - reference - offset) * weight
            }
            return kl
        case (.referencePolicy, .exact):
            VocabularyRow.add(to: gradient_V, policy_V, reference_V) { policy, reference in
                (VocabularyRow.exponential(policy) - VocabularyRow.exponential(reference)) * weight
            }
            return exact(policy_V, reference_V)
        case (_, .k1), (_, .k2), (_, .k3):
            let estimate = sampledEstimate(logRatio: Double(policy_V[sampled]) - Double(reference_V[sampled]))
            addLogProbabilityGradient(
                policy: policy_V, sampled: sampled, weight: weight * Float(estimate.derivative), to: gradient_V)
            return estimate.value
        }
    }

    /// The divergence alone; for steps whose coefficient is 0 and which only report it.
    package func value(
        policy policy_V: UnsafeBufferPointer<Float>, reference reference_V: UnsafeBufferPointer<Float>, sampled: Int
    ) -> Double {
        guard estimator != .exact else { return exact(policy_V, reference_V) }
        return sampledEstimate(logRatio: Double(policy_V[sampled]) - Double(reference_V[sampled])).value
    }

    private func exact(_ policy_V: UnsafeBufferPointer<Float>, _ reference_V: UnsafeBufferPointer<Float>) -> Double {
        switch direction {
        case .policyReference:
            VocabularyRow.sum(policy_V, reference_V) { VocabularyRow.exponential($0) * ($0 - $1) }
        case .referencePolicy:
            VocabularyRow.sum(policy_V, reference_V) { VocabularyRow.exponential($1) * ($1 - $0) }
        }
    }

    /// The estimate and its derivative with respect to log π_s.
    private func sampledEstimate(logRatio d: Double) -> (value: Double, derivative: Double) {
        switch estimator {
        case .k1: (d, 1)
        case .k2: (d * d / 2, d)
        // expm1 keeps the digits that e^(−d) − 1 + d would cancel near d = 0.
        case .k3: (expm1(-d) + d, -expm1(-d))
        case .exact: preconditionFailure("the exact divergence has no sampled estimate")
        }
    }
}

/// Adds weight · ∂log π_s/∂logits = weight · (δ_vs − π_v) to a row.
func addLogProbabilityGradient(
    policy policy_V: UnsafeBufferPointer<Float>, sampled: Int, weight: Float,
    to gradient_V: UnsafeMutableBufferPointer<Float>
) {
    VocabularyRow.add(to: gradient_V, policy_V, policy_V) { policy, _ in VocabularyRow.exponential(policy) * -weight }
    gradient_V[sampled] += weight
}
