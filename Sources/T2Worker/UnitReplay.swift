import T2Core
import T2Engine
import T2Transport

/// Computes a failed unit again with the same code. On a machine of the same kind the numbers agree to the last bit.
package struct UnitReplay {
    package enum Output {
        /// The gradient of the saved completions.
        case gradient(Gradient)
        /// The completions sampled or scored again, if there was no gradient to compute.
        case completions(count: Int, tokens: Int)
    }

    /// Sums over the unit's completions, not means.
    package struct Gradient {
        /// In the layout of the lease's policy.
        package let vector: ExpertVector
        /// Σ −A·log π over completion tokens, nats.
        package let policyLoss: Double
        /// Σ KL over completion tokens, nats, before the coefficient; nil where the reference model was not run.
        package let kl: Double?
        /// λ, from the lease.
        package let klCoefficient: Float

        /// The digest of the values.
        package var digest: Digest { Digest(of: vector.values) }
    }

    private let computer: UnitComputer

    package init(_ computer: UnitComputer) { self.computer = computer }

    /// The gradient of the saved completions or, if there are none, the unit's completions sampled or scored again.
    ///
    /// - Throws: the same `UnitError` or `ModelError` as the worker.
    package func run(_ evidence: UnitEvidence) throws -> Output {
        let work = evidence.lease.work
        let policies = PolicySet(evidence.policies, computer.adapters)
        let lane = Lane(computer.adapters.base)
        guard let specification = work.gradient, !evidence.completions.isEmpty else {
            let completions = try computer.complete(work, policies, on: lane) { _ in true }
            return .completions(count: completions.count, tokens: completions.reduce(0) { $0 + $1.tokens.count })
        }
        let found = try lane.gradients.run(
            evidence.completions, specification, policies, temperature: work.sampling?.temperature ?? 1
        ) { true }
        guard let layout = evidence.policies[0].vector?.layout else {
            preconditionFailure("the base model alone has no gradient")
        }
        return .gradient(
            Gradient(
                vector: ExpertVector(layout: layout, values: found.sum), policyLoss: found.policyLoss, kl: found.kl,
                klCoefficient: specification.klCoefficient))
    }
}
