import Foundation
import T2Core
import T2Formats
import T2Learning
import T2Model
import T2TestSupport
import Testing

@Suite("LoRA agrees with peft and PyTorch")
struct LoRAReferenceTests {
    @Test(
        "log-probabilities, merged and factored, within 1e-4", arguments: ModelFixture.names,
        LoRAFixture.Adapter.allCases)
    func logProbabilities(name: String, adapter: LoRAFixture.Adapter) throws {
        let fixture = try ModelFixture(name)
        let expected = try LoRAFixture(name, adapter).log_probabilities
        let model = try LoadedModel(name)
        let folder = try PEFTFolder(path: LoRAFixture.folder(name, adapter), for: model.svf.base.folder)
        let lora = try LoRAModel(model.svf.base, layout: folder.vector.layout)
        let scorer = LogProbabilities(model.transformer)
        for execution in [.merged(lora.merge(folder.vector)), lora.factored(folder.vector)] {
            #expect(largestDifference(scorer.score(fixture.sequences, execution), expected) < 1e-4)
        }
        #expect(largestDifference(fixture.log_probabilities, expected) > 1e-2)
    }

    @Test("gradients with respect to A and B within 2e-4, both divergences", arguments: ModelFixture.names)
    func gradients(name: String) throws {
        let fixture = try ModelFixture(name)
        let model = try LoadedModel(name)
        let folder = try PEFTFolder(path: LoRAFixture.folder(name, .all), for: model.svf.base.folder)
        let lora = try LoRAModel(model.svf.base, layout: folder.vector.layout)
        let parameterisation = Parameterisation.lora(folder.layout)
        for expected in try #require(try LoRAFixture(name, .all).cases) {
            for tokens in [16, 512] {
                let loss = try RolloutLoss(
                    fixture, PolicyGradient(model.transformer, lora, tokensPerBatch: tokens),
                    z: parameterisation.vector(folder.parameters), coefficient: expected.coefficient,
                    direction: expected.direction, temperature: expected.temperature)
                let found = ExpertVector(
                    layout: lora.layout,
                    values: parameterisation.parameterGradient(
                        p: folder.parameters, vectorGradient: ExpertVector(layout: lora.layout, values: loss.gradient)))
                // A and B are compared separately, because their gradients differ in size.
                for factor in LoRAFactor.allCases {
                    let indices = lora.matrices.matrices.indices
                    let values = indices.flatMap { found.values[lora.matrices.range($0, factor)] }
                    let reference = indices.flatMap {
                        expected.gradient[PEFTFolder.prefix + lora.matrices.matrices[$0].name(factor)] ?? []
                    }
                    #expect(relativeError(values, reference) < 2e-4)
                }
                #expect(abs(loss.policyLoss - expected.policy_loss) < 1e-4 * abs(expected.policy_loss))
                #expect(abs(loss.kl - expected.kl) < 1e-4 * expected.kl)
            }
        }
    }
}
