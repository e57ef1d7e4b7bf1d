import T2Core
import T2Learning
import T2Model

/// ∂J/∂z of a unit's rollouts.
///
/// One object per lane; it owns the scratch memory of the backward pass.
final class GradientRunner {
    private let transformer: Transformer
    /// For the decomposition used last; runs that adapt other weights take turns.
    private var gradient: (svf: SVFModel, run: PolicyGradient)?

    init(_ transformer: Transformer) { self.transformer = transformer }

    /// Σ over the rollouts of ∂/∂z of −A·log π(completion) + λ·KL, and what was measured on the way.
    ///
    /// A rollout without advantage goes through like any other: its KL is reported even where nothing weighs it.
    /// - Parameters:
    ///   - advantages: one per rollout.
    ///   - temperature: the one the rollouts were sampled at.
    ///   - onToken: called after each scored token; false makes the rest of the pass worthless, and the call throws at its end.
    /// - Throws: `UnitError.nonFinite` or `.cancelled`; `LearningError` for an impossible loss.
    /// - Cost: a reference forward pass, a policy forward pass and a backward pass over every token.
    func run(
        _ rollouts: [Rollout], advantages: [Float], _ specification: GradientSpecification, _ policy: PolicyVersion,
        temperature: Float, onToken: () -> Bool
    ) throws -> UnitGradient {
        precondition(advantages.count == rollouts.count)
        let loss = try PolicyGradientLoss(specification)
        let prepared = try policy.prepare()
        var unit = UnitGradient()
        var isWanted = true
        let sums = policyGradient(prepared.svf).run(rollouts.map(\.sequence), z: prepared.z, temperature: temperature) {
            token in
            let found = loss.evaluate(
                policy: token.policy, reference: token.reference, sampled: Int(token.token),
                advantage: advantages[token.sequence], addingGradientTo: token.gradient)
            unit.policyLoss += found.policyLoss
            unit.kl += found.kl
            let sampled = rollouts[token.sequence].logProbabilities[token.position]
            let difference = abs(token.policy[Int(token.token)] - sampled)
            // Not max(): it would lose a NaN.
            if !(difference <= unit.largestLogProbabilityDifference) {
                unit.largestLogProbabilityDifference = difference
            }
            if isWanted { isWanted = onToken() }
        }
        guard isWanted else { throw UnitError.cancelled }
        unit.sum = policy.inVectorLayout(sums, of: prepared.svf)
        try checkFinite(unit, policy)
        return unit
    }

    private func policyGradient(_ svf: SVFModel) -> PolicyGradient {
        if let gradient, gradient.svf === svf { return gradient.run }
        let fresh = PolicyGradient(transformer, svf)
        gradient = (svf, fresh)
        return fresh
    }

    private func checkFinite(_ unit: UnitGradient, _ policy: PolicyVersion) throws {
        let remedy = "Lower learning-rate or kl-coefficient, or go on from an earlier checkpoint."
        if let name = ExpertVector(layout: policy.vector.layout, values: unit.sum).firstNonFinite {
            throw UnitError.nonFinite(quantity: "the gradient of '\(name)'", remedy: remedy)
        }
        guard unit.policyLoss.isFinite, unit.kl.isFinite, unit.largestLogProbabilityDifference.isFinite else {
            throw UnitError.nonFinite(
                quantity: "the loss (policy loss \(unit.policyLoss), KL \(unit.kl), log-probability difference "
                    + "\(unit.largestLogProbabilityDifference))", remedy: remedy)
        }
    }
}
