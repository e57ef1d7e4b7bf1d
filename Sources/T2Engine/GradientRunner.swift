import T2Core
import T2Learning
import T2Model

/// Computes ∂J/∂z of a unit's completions. There is one object per lane; it owns the scratch memory of the backward pass.
package final class GradientRunner {
    private let transformer: Transformer
    /// The gradient for the adapter used last, replaced when a unit has another adapter.
    private var gradient: (adapter: any Adapter, run: PolicyGradient)?

    package init(_ transformer: Transformer) { self.transformer = transformer }

    /// Σ over the completions of ∂/∂z of −A·log π(completion) + λ·KL, with losses and KL.
    ///
    /// Completions whose advantage is 0 are included, because their KL counts too.
    /// - Parameters:
    ///   - temperature: the temperature at which the completions were sampled.
    ///   - onToken: called after each scored token; once it returns false, the call throws at the end of the pass.
    /// - Throws: `UnitError.nonFinite` or `.cancelled`; `LearningError` for an impossible loss.
    /// - Cost: a forward pass and a backward pass over every token; a forward pass of the reference if the specification needs it.
    package func run(
        _ completions: [Completion], _ specification: GradientSpecification, _ policies: PolicySet,
        temperature: Float, onToken: () -> Bool
    ) throws -> UnitGradient {
        let loss = try PolicyGradientLoss(specification)
        let prepared = try policies.prepare()
        var unit = UnitGradient()
        var nonFinite: String?
        if specification.needsReference { unit.kl = 0 }
        var isWanted = true
        let sums = policyGradient(prepared.adapter).run(
            // The sampled token ids are scored, never the text.
            completions.map { ScoredSequence(prompt: $0.prompt, completion: $0.tokens) },
            try policies.differentiable(on: transformer), temperature: temperature,
            runsReference: specification.needsReference
        ) { token in
            let found = loss.evaluate(
                policy: token.policy, reference: token.reference, sampled: Int(token.token),
                advantage: completions[token.sequence].advantage, addingGradientTo: token.gradient)
            return (found, token.policy[Int(token.token)])
        } collect: { sequence, position, result in
            let (completion, found, scored) = (completions[sequence], result.0, result.1)
            unit.policyLoss += found.policyLoss
            unit.kl? += found.kl
            let sampled = completion.logProbabilities[position]
            if nonFinite == nil, let quantity = Self.nonFinite(scored: scored, sampled: sampled, found) {
                nonFinite = """
                    the loss of token \(position) (identifier \(completion.tokens[position])) of completion \(sequence) \
                    (problem \(completion.problem), sample \(completion.sample)), whose \(quantity),
                    """
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
        let layout = policies.policies[0].vector?.layout ?? prepared.adapter.layout
        if let quantity = nonFinite ?? Self.nonFinite(unit, layout) {
            throw UnitError.nonFinite(
                quantity: quantity,
                remedy: "Start a new run with a lower learning-rate or kl-coefficient in another --run-dir.")
        }
        return unit
    }

    private func policyGradient(_ adapter: any Adapter) -> PolicyGradient {
        if let gradient, gradient.adapter === adapter { return gradient.run }
        let fresh = PolicyGradient(transformer, adapter)
        gradient = (adapter, fresh)
        return fresh
    }

    /// The first of a token's numbers that is not finite, in the order of computation.
    private static func nonFinite(scored: Float, sampled: Float, _ loss: PolicyGradientLoss.TokenLoss) -> String? {
        if sampled.isFinite, scored.isFinite, loss.policyLoss.isFinite, loss.kl.isFinite { return nil }
        let numbers = [
            ("log-probability when sampled", Double(sampled)), ("log-probability in training", Double(scored)),
            ("policy loss", loss.policyLoss), ("KL", loss.kl),
        ]
        return numbers.first { !$0.1.isFinite }.map { "\($0.0) is \($0.1)" }
    }

    /// The quantity that is not finite although every token's loss is: a weight's gradient, of which the backward pass
    /// computes the last first, or a sum.
    private static func nonFinite(_ unit: UnitGradient, _ layout: ExpertLayout) -> String? {
        let gradient = ExpertVector(layout: layout, values: unit.sum)
        if let index = layout.entries.indices.last(where: { !gradient[entry: $0].allSatisfy(\.isFinite) }) {
            return "the gradient of '\(layout.entries[index].name)', the first in the backward pass from finite losses,"
        }
        return unit.policyLoss.isFinite && (unit.kl ?? 0).isFinite && unit.largestLogProbabilityDifference.isFinite
            ? nil : "the sum of the losses"
    }
}

/// The gradient of a unit: sums over its completions, not means.
package struct UnitGradient: Sendable, Equatable {
    /// In the layout of the unit's policy.
    package var sum: [Float] = []
    /// Σ −A·log π over completion tokens, nats.
    package var policyLoss: Double = 0
    /// Σ KL over completion tokens, nats, before the coefficient; nil where the reference model was not run.
    package var kl: Double?
    /// The largest |log π(sampling) − log π(training)| of any token, nats.
    package var largestLogProbabilityDifference: Float = 0
}
