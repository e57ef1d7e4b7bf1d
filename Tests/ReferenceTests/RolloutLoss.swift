import T2Core
import T2Learning
import T2Model
import T2TestSupport

/// The loss of a fixture's rollouts and its gradient with respect to z, as means over the rollouts.
struct RolloutLoss {
    let gradient: [Float]
    let policyLoss: Double
    let kl: Double

    /// - Parameters:
    ///   - coefficient: λ, the coefficient of the exact divergence.
    ///   - temperature: the temperature at which the rollouts were sampled.
    init(
        _ fixture: ModelFixture, _ policyGradient: PolicyGradient, z: ExpertVector, coefficient: Float,
        direction: KLDirection, temperature: Float
    ) throws {
        let loss = try PolicyGradientLoss(
            klCoefficient: coefficient, klDirection: direction, klEstimator: .exact)
        var sums = (policyLoss: 0.0, kl: 0.0)
        let count = fixture.rollouts.count
        gradient = policyGradient.run(fixture.sequences, z: z, temperature: temperature) { row in
            let term = loss.evaluate(
                policy: row.policy, reference: row.reference, sampled: Int(row.token),
                advantage: fixture.rollouts[row.sequence].advantage, addingGradientTo: row.gradient)
            sums.policyLoss += term.policyLoss
            sums.kl += term.kl
        }.map { $0 / Float(count) }
        policyLoss = sums.policyLoss / Double(count)
        kl = sums.kl / Double(count)
    }
}
