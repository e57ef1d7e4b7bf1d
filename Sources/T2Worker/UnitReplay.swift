import T2Core
import T2Model
import T2Text
import T2Transport

/// A failed unit computed once more, by the code that computed it first: on a machine of the same kind its numbers are the same
/// to the last bit.
package struct UnitReplay {
    package enum Outcome {
        /// Of the saved rollouts.
        case gradient(Gradient)
        /// There was no gradient to compute: the completions as they are sampled again.
        case completions(count: Int, tokens: Int)
    }

    /// Sums over the unit's rollouts, not means.
    package struct Gradient {
        /// In the layout of the lease's z.
        package let vector: ExpertVector
        /// Σ −A·log π over completion tokens, nats.
        package let policyLoss: Double
        /// Σ KL over completion tokens, nats, before the coefficient.
        package let kl: Double
        /// λ of the lease.
        package let klCoefficient: Float

        /// Of the values, as of those that travelled.
        package var digest: Digest { Digest(of: vector.values) }
    }

    private let models: DecomposedModels
    private let tokenizer: Tokenizer

    package init(models: DecomposedModels, tokenizer: Tokenizer) {
        self.models = models
        self.tokenizer = tokenizer
    }

    /// The gradient of the saved rollouts; without any, the unit's completions, sampled again from its seeds.
    ///
    /// - Throws: what the worker threw: `UnitError` or `ModelError`, naming the same place.
    package func run(_ evidence: UnitEvidence) throws -> Outcome {
        let lease = evidence.lease
        let policy = PolicyVersion(digest: lease.vector, vector: evidence.policy.vector, models: models)
        let lane = Lane(models, tokenizer: tokenizer)
        guard let specification = lease.gradient, !evidence.rollouts.isEmpty else {
            let rollouts = try lane.rollouts.run(lease, policy) { true }
            return .completions(count: rollouts.count, tokens: rollouts.reduce(0) { $0 + $1.tokens.count })
        }
        let found = try lane.gradients.run(
            try rollouts(evidence), advantages: evidence.rollouts.map(\.advantage), specification, policy,
            temperature: lease.sampling.temperature
        ) { true }
        return .gradient(
            Gradient(
                vector: ExpertVector(layout: policy.vector.layout, values: found.sum), policyLoss: found.policyLoss,
                kl: found.kl, klCoefficient: specification.klCoefficient))
    }

    /// What travelled, with the prompts as the worker reads them.
    private func rollouts(_ evidence: UnitEvidence) throws -> [Rollout] {
        let lease = evidence.lease
        let prompts = try lease.problems.map {
            try tokenizer.prompt(
                of: $0, maxTokens: lease.sampling.maxTokens, contextLength: models.base.configuration.contextLength)
        }
        return evidence.rollouts.enumerated().map { place, report in
            let group = place / lease.samplesPerPrompt
            return Rollout(
                problem: lease.problems[group], problemNumber: report.problemNumber, sample: report.sample,
                prompt: prompts[group], tokens: report.tokens, logProbabilities: report.logProbabilities,
                completion: report.completion, finished: report.finished)
        }
    }
}
