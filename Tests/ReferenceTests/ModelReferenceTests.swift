import Foundation
import T2Core
import T2Learning
import T2Model
import T2Numerics
import T2TestSupport
import Testing

@Suite("The engine agrees with PyTorch")
struct ModelReferenceTests {
    @Test(
        "log-probabilities, merged and factored, within 1e-4",
        arguments: ModelFixture.names + ModelFixture.architectures)
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

    @Test("gradients with respect to z within 2e-4", arguments: ModelFixture.names + ModelFixture.architectures)
    func gradients(name: String) throws {
        let fixture = try ModelFixture(name)
        let model = try LoadedModel(name)
        let layout = model.svf.layout
        let z = ExpertVector(layout: layout, values: layout.values(fixture.z))
        for expected in fixture.cases(.direct) {
            for tokens in [16, 512] {
                let found = try RolloutLoss(
                    fixture, PolicyGradient(model.transformer, model.svf, tokensPerBatch: tokens), z: z,
                    coefficient: expected.coefficient, direction: expected.direction,
                    temperature: expected.temperature)
                #expect(relativeError(found.gradient, layout.values(expected.gradient)) < 2e-4)
                #expect(abs(found.policyLoss - expected.policy_loss) < 1e-4 * abs(expected.policy_loss))
                #expect(abs(found.kl - expected.kl) < 1e-4 * expected.kl)
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
            let loss = try RolloutLoss(
                fixture, PolicyGradient(model.transformer, model.svf), z: parameterisation.vector(p),
                coefficient: expected.coefficient, direction: expected.direction, temperature: expected.temperature)
            let found = parameterisation.parameterGradient(
                p: p, vectorGradient: ExpertVector(layout: layout, values: loss.gradient))
            #expect(relativeError(found, layout.values(expected.gradient)) < 2e-4)
        }
    }
}
