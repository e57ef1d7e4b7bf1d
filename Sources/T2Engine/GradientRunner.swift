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
        if specification.needsReference { unit.kl = 0 }
        var isWanted = true
        let sums = policyGradient(prepared.adapter).run(
            // The sampled token ids are scored, never the text.
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

    /// The first of a token's numbers that is not finite, in the order of computation.
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

    /// The first quantity that is not finite: a token's loss in the forward pass, or a weight's gradient in the backward pass,
    /// which runs from the last weight to the first.
    private func nonFiniteQuantity(_ unit: UnitGradient, _ layout: ExpertLayout) -> String? {
        if let token = unit.firstNonFinite { return "the loss of \(token)," }
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
    /// The first token whose loss or log-probability is not finite.
    var firstNonFinite: NonFiniteToken?
    /// The largest |log π(sampling) − log π(training)| of any token, nats.
    package var largestLogProbabilityDifference: Float = 0
}

/// The first token of a unit with a number that is not finite.
struct NonFiniteToken: Sendable, Equatable, CustomStringConvertible {
    /// The index of the completion in the unit.
    let completion: Int
    /// The index of the token in the completion.
    let position: Int
    let problem: String
    let sample: Int
    let token: Int32
    /// `KL is nan`
    let quantity: String

    var description: String {
        "token \(position) (identifier \(token)) of completion \(completion) (problem \(problem), sample \(sample)), whose \(quantity)"
    }
}
