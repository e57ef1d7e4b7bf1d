import T2Core
import T2Learning
import T2Model

/// ∂J/∂z of a unit's completions.
///
/// One object per lane; it owns the scratch memory of the backward pass.
package final class GradientRunner {
    private let transformer: Transformer
    /// For the adapter that was used last; runs that adapt other weights take turns.
    private var gradient: (adapter: any Adapter, run: PolicyGradient)?

    package init(_ transformer: Transformer) { self.transformer = transformer }

    /// Σ over the completions of ∂/∂z of −A·log π(completion) + λ·KL, and what was measured on the way.
    ///
    /// A completion whose advantage is 0 goes through like any other: its KL counts too.
    /// - Parameters:
    ///   - temperature: the one that the completions were sampled at.
    ///   - onToken: called after each scored token; false makes the rest of the pass worthless, and the call throws at its end.
    /// - Throws: `UnitError.nonFinite` or `.cancelled`; `LearningError` for an impossible loss.
    /// - Cost: a policy forward pass and a backward pass over every token; a reference forward pass if the specification needs one.
    package func run(
        _ completions: [Completion], _ specification: GradientSpecification, _ policies: PolicySet,
        temperature: Float, onToken: () -> Bool
    ) throws -> UnitGradient {
        let loss = try PolicyGradientLoss(specification)
        let prepared = try policies.prepare()
        var unit = UnitGradient()
        if specification.needsReference { unit.kl = 0 }
        var isWanted = true
        let sums = policyGradient(prepared.adapter).run(
            // What was sampled is what is scored: token ids, never text.
            completions.map { ScoredSequence(prompt: $0.prompt, completion: $0.tokens) }, z: prepared.vectors[0],
            temperature: temperature, runsReference: specification.needsReference
        ) { token in
            let completion = completions[token.sequence]
            let found = loss.evaluate(
                policy: token.policy, reference: token.reference, sampled: Int(token.token),
                advantage: completion.advantage, addingGradientTo: token.gradient)
            unit.policyLoss += found.policyLoss
            unit.kl? += found.kl
            let sampled = completion.logProbabilities[token.position]
            let scored = token.policy[Int(token.token)]
            if unit.firstNonFinite == nil, let quantity = Self.nonFinite(scored: scored, sampled: sampled, found) {
                unit.firstNonFinite = NonFiniteToken(
                    completion: token.sequence, position: token.position, problem: completion.problem,
                    sample: completion.sample, token: token.token, quantity: quantity)
            }
            let difference = abs(scored - sampled)
            // max() would lose a NaN.
            if !(difference <= unit.largestLogProbabilityDifference) {
                unit.largestLogProbabilityDifference = difference
            }
            if isWanted { isWanted = onToken() }
        }
        guard isWanted else { throw UnitError.cancelled }
        unit.sum = policies.inPolicyLayout(sums, of: prepared.adapter)
        try checkFinite(unit, policies.policies[0].vector?.layout ?? prepared.adapter.layout)
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

    private func checkFinite(_ unit: UnitGradient, _ layout: ExpertLayout) throws {
        guard let quantity = nonFiniteQuantity(unit, layout) else { return }
        throw UnitError.nonFinite(
            quantity: quantity,
            remedy: "Start a new run with a lower learning-rate or kl-coefficient in another --run-dir.")
    }

    /// What was not finite first: a token's loss on the way there, or a weight's gradient on the way back, which goes from the
    /// last weight to the first.
    private func nonFiniteQuantity(_ unit: UnitGradient, _ layout: ExpertLayout) -> String? {
        if let token = unit.firstNonFinite { return "the loss of \(token)," }
        let gradient = ExpertVector(layout: layout, values: unit.sum)
        if let index = layout.entries.indices.last(where: { !gradient[entry: $0].allSatisfy(\.isFinite) }) {
            return "the gradient of '\(layout.entries[index].name)', the first on the way back from finite losses,"
        }
        return unit.policyLoss.isFinite && (unit.kl ?? 0).isFinite && unit.largestLogProbabilityDifference.isFinite
            ? nil : "the sum of the losses"
    }
}
