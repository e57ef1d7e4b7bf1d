import Foundation
import T2Core

// Shape legend: V = vocabulary. Symbols: π is the policy, q the reference, s the sampled token.

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
/// The sampled values k1 and k3 are unbiased estimates of KL(π‖q). The value k2 is biased, but close to KL(π‖q) if π
/// and q are close. The gradients are those of the value as a function of log π_s. On average over s ~ π, the gradient
/// of k1 is zero: k1 measures the divergence without penalising it, so `PolicyGradientLoss` accepts it only with λ = 0.
/// The average gradient of k2 is that of KL(π‖q), and the average gradient of k3 is that of KL(q‖π). KL(q‖π) has no
/// sampled estimator here, because it would need samples from q, and a rollout's samples come from π.
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

    /// Returns the divergence at one token, and adds weight × its gradient with respect to the policy's logits to a
    /// row.
    ///
    /// The logits are those whose softmax is π. If π = softmax(raw / T), the caller multiplies the row by 1/T to obtain
    /// the gradient with respect to the raw logits.
    /// - Shapes: policy_V, reference_V: log-softmax rows [V], finite; gradient_V [V].
    /// - Units: nats.
    /// - Accuracy: 2e-6 absolute for the value and for the gradient per unit weight, for log-ratios below 10; proved by
    ///   `KLPenaltyTests`.
    /// - Cost: two passes over V with exp for the exact divergence, one for a sampled estimate; no allocation.
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

    /// Returns the divergence at one token without a gradient, for steps that only report it because its coefficient is
    /// 0.
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
        // Near d = 0, e^(−d) − 1 + d would lose digits to cancellation; expm1 keeps them.
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
