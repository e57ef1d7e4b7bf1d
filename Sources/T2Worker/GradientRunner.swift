import T2Core
import T2Learning
import T2Model

/// ∂J/∂z of a unit's rollouts.
///
/// One object per lane; it owns the scratch memory of the backward pass.
final class GradientRunner {
    private let transformer: Transformer
    /// For the adapter used last; runs that adapt other weights take turns.
    private var gradient: (adapter: any Adapter, run: PolicyGradient)?

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
        let sums = policyGradient(prepared.adapter).run(
            rollouts.map(\.sequence), z: prepared.z, temperature: temperature
        ) {
            token in
            let found = loss.evaluate(
                policy: token.policy, reference: token.reference, sampled: Int(token.token),
                advantage: advantages[token.sequence], addingGradientTo: token.gradient)
            unit.policyLoss += found.policyLoss
            unit.kl += found.kl
            let rollout = rollouts[token.sequence]
            let sampled = rollout.logProbabilities[token.position]
            let scored = token.policy[Int(token.token)]
            if unit.firstNonFinite == nil, let quantity = Self.nonFinite(scored: scored, sampled: sampled, found) {
                unit.firstNonFinite = NonFiniteToken(
                    rollout: token.sequence, position: token.position, problem: rollout.problem.id,
                    sample: rollout.sample, token: token.token, quantity: quantity)
            }
            let difference = abs(scored - sampled)
            // Not max(): it would lose a NaN.
            if !(difference <= unit.largestLogProbabilityDifference) {
                unit.largestLogProbabilityDifference = difference
            }
            if isWanted { isWanted = onToken() }
        }
        guard isWanted else { throw UnitError.cancelled }
        unit.sum = policy.inVectorLayout(sums, of: prepared.adapter)
        try checkFinite(unit, policy)
        return unit
    }

    private func policyGradient(_ adapter: any Adapter) -> PolicyGradient {
        if let gradient, gradient.adapter === adapter { return gradient.run }
        let fresh = PolicyGradient(transformer, adapter)
        gradient = (adapter, fresh)
        return fresh
    }

    /// The first of a token's numbers that is not finite, in the order in which they come about.
    private static func nonFinite(
        scored: Float, sampled: Float, _ loss: PolicyGradientLoss.TokenLoss
    ) -> String? {
        if sampled.isFinite, scored.isFinite, loss.policyLoss.isFinite, loss.kl.isFinite { return nil }
        let numbers = [
            ("log-probability when sampled", Double(sampled)), ("log-probability in training", Double(scored)),
            ("policy loss", loss.policyLoss), ("KL", loss.kl),
        ]
        return numbers.first { !$0.1.isFinite }.map { "\($0.0) is \($0.1)" }
    }

    private func checkFinite(_ unit: UnitGradient, _ policy: PolicyVersion) throws {
        guard let quantity = nonFiniteQuantity(unit, policy.vector.layout) else { return }
        throw UnitError.nonFinite(
            quantity: quantity,
            remedy: "Start a new run with a lower learning-rate or kl-coefficient in another --run-dir.")
    }

    /// What was not finite first: a token's loss on the way there, or a weight's gradient on the way back, which goes from the
    /// last weight to the first.
    private func nonFiniteQuantity(_ unit: UnitGradient, _ layout: ExpertLayout) -> String? {
        if let token = unit.firstNonFinite { return "the loss of \(token)," }
        let gradient = ExpertVector(layout: layout, values: unit.sum)
        if let place = layout.entries.indices.last(where: { !gradient[entry: $0].allSatisfy(\.isFinite) }) {
            return "the gradient of '\(layout.entries[place].name)', the first on the way back from finite losses,"
        }
        return unit.policyLoss.isFinite && unit.kl.isFinite && unit.largestLogProbabilityDifference.isFinite
            ? nil : "the sum of the losses"
    }
}
