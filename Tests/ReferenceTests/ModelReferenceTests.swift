import Foundation
import T2Core
import T2Learning
import T2Model
import T2Numerics
import T2TestSupport
import Testing

@Suite("The engine agrees with PyTorch")
struct ModelReferenceTests {
    @Test("log-probabilities, merged and factored, within 1e-4", arguments: ModelFixture.names)
    func logProbabilities(name: String) throws {
        let fixture = try ModelFixture(name)
        let model = try LoadedModel(name)
        let ones = ExpertVector(layout: model.svf.layout, repeating: 1)
        let executions: [Execution] = [
            .merged(model.svf.base.weights), .factored(model.svf, ScaleTable(model.svf, [ones])),
        ]
        for execution in executions {
            let found = LogProbabilities(model.transformer).score(fixture.sequences, execution)
            #expect(largestDifference(found, fixture.log_probabilities) < 1e-4)
        }
    }

    @Test("gradients with respect to z within 2e-4", arguments: ModelFixture.names)
    func gradients(name: String) throws {
        let fixture = try ModelFixture(name)
        let model = try LoadedModel(name)
        let layout = model.svf.layout
        let z = ExpertVector(layout: layout, values: layout.values(fixture.z))
        for expected in fixture.cases(.direct) {
            let count = Float(fixture.rollouts.count)
            for tokens in [16, 512] {
                let loss = try PolicyGradientLoss(
                    klCoefficient: expected.coefficient, klDirection: expected.direction, klEstimator: .exact)
                var policyLoss = 0.0
                var kl = 0.0
                let found = PolicyGradient(model.transformer, model.svf, tokensPerBatch: tokens).run(
                    fixture.sequences, z: z, temperature: expected.temperature
                ) { row in
                    let term = loss.evaluate(
                        policy: row.policy, reference: row.reference, sampled: Int(row.token),
                        advantage: fixture.rollouts[row.sequence].advantage, addingGradientTo: row.gradient)
                    policyLoss += term.policyLoss
                    kl += term.kl
                }.map { $0 / count }
                #expect(relativeError(found, layout.values(expected.gradient)) < 2e-4)
                #expect(abs(policyLoss / Double(count) - expected.policy_loss) < 1e-4 * abs(expected.policy_loss))
                #expect(abs(kl / Double(count) - expected.kl) < 1e-4 * expected.kl)
            }
        }
    }

    @Test("gradients with respect to the sigmoid parameterisation's p within 2e-4", arguments: ModelFixture.names)
    func sigmoidGradients(name: String) throws {
        let fixture = try ModelFixture(name)
        let model = try LoadedModel(name)
        let layout = model.svf.layout
        let sigma = layout.entries.indices.map { Array(model.svf.sigma[layout.range($0)]) }
        let parameterisation = try Parameterisation.sigmoid(layout, singularValues: sigma)
        let p = layout.values(fixture.p)
        for expected in fixture.cases(.sigmoid) {
            let count = Float(fixture.rollouts.count)
            let loss = try PolicyGradientLoss(
                klCoefficient: expected.coefficient, klDirection: expected.direction, klEstimator: .exact)
            let gradient = PolicyGradient(model.transformer, model.svf).run(
                fixture.sequences, z: parameterisation.vector(p), temperature: expected.temperature
            ) { row in
                _ = loss.evaluate(
                    policy: row.policy, reference: row.reference, sampled: Int(row.token),
                    advantage: fixture.rollouts[row.sequence].advantage, addingGradientTo: row.gradient)
            }.map { $0 / count }
            let found = parameterisation.parameterGradient(
                p: p, vectorGradient: ExpertVector(layout: layout, values: gradient))
            #expect(relativeError(found, layout.values(expected.gradient)) < 2e-4)
        }
    }
}
