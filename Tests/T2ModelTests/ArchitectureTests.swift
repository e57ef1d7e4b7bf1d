import Foundation
import T2Core
import T2Formats
import T2Model
import T2Numerics
import T2TestSupport
import Testing

@Suite("Models of every architecture")
struct ArchitectureTests {
    private let sampling = Sampling(temperature: 1, maxTokens: 40)

    private func requests(_ model: RandomModel) -> [SampleRequest] {
        // Prompts shorter and longer than a window, some of them shared, and one of a single token.
        [1, 4, 30, 30, 90, 150].enumerated().map { index, count in
            SampleRequest(
                prompt: RandomModel.tokens(count, UInt64(count)), random: SeededRandom(seed: 3, problem: index))
        }
    }

    @Test("sample through the cache what they score", arguments: ModelFixture.architectures)
    func sampled(name: String) throws {
        let model = try RandomModel(fixture: name)
        let requests = requests(model)
        for execution in [
            .merged(model.svf.merge(model.vector(1))), .factored(model.svf, ScaleTable(model.svf, [model.vector(1)])),
        ] as [Execution] {
            let completions = try Sampler(model.transformer, slots: 4).sample(
                requests, execution, sampling, stop: StopCondition(tokens: []))
            #expect(completions.allSatisfy { $0.tokens.count == 40 })
            let sequences = zip(requests, completions).map { ScoredSequence(prompt: $0.prompt, completion: $1.tokens) }
            for tokens in [1, 1024] {
                let scores = LogProbabilities(model.transformer).score(sequences, execution, tokensPerBatch: tokens)
                #expect(largestDifference(scores, completions.map(\.logProbabilities)) < 5e-5)
            }
        }
    }

    @Test("give samples that share their prompt the gradient of each alone", arguments: ModelFixture.architectures)
    func sharedPrompt(name: String) throws {
        let model = try RandomModel(fixture: name)
        let sequences = [(11, 5), (11, 140), (11, 3), (150, 60), (150, 9)].enumerated().map { index, lengths in
            ScoredSequence(
                prompt: RandomModel.tokens(lengths.0, 50), completion: RandomModel.tokens(lengths.1, UInt64(index)))
        }
        func gradient(tokensPerBatch: Int) -> [Float] {
            PolicyGradient(model.transformer, model.svf, tokensPerBatch: tokensPerBatch).run(
                sequences, z: model.vector(1), temperature: 1
            ) { row in
                for (index, value) in row.policy.enumerated() { row.gradient[index] -= exp(value) }
                row.gradient[Int(row.token)] += 1
            }
        }
        #expect(relativeError(gradient(tokensPerBatch: 1024), gradient(tokensPerBatch: 1).map(Double.init)) < 1e-5)
    }

    @Test("rotate by the frequencies of transformers", arguments: ConfigurationFixture.all)
    func frequencies(fixture: ConfigurationFixture) throws {
        let model = try ModelConfiguration(content: fixture.published, path: "config.json")
        let rope = model.architecture.rope
        let found = rope.frequencies(headSize: model.headSize, theta: model.ropeTheta)
        #expect(found.count == fixture.frequencies.count)
        for (value, expected) in zip(found, fixture.frequencies) { #expect(abs(value / expected - 1) < 5e-7) }
        #expect(abs(rope.magnitude / fixture.magnitude - 1) < 1e-7)
    }

    @Test("reach only as far back as the window of their layers")
    func window() throws {
        // Each layer looks back by its window, from what the layer below saw.
        let model = try RandomModel(fixture: "mistral-window")
        let (window, layers) = (6, 3)
        let reach = layers * (window - 1)
        let completion = RandomModel.tokens(1, 9)
        func score(_ prompt: [Int32]) -> Float {
            let sequence = ScoredSequence(prompt: prompt, completion: completion)
            return LogProbabilities(model.transformer).score([sequence], .merged(model.svf.base.weights))[0][0]
        }
        let prompt = RandomModel.tokens(60, 1)
        var changed = prompt
        changed[prompt.count - reach - 2] = prompt[prompt.count - reach - 2] == 5 ? 6 : 5
        #expect(score(changed) == score(prompt))
        changed = prompt
        changed[prompt.count - reach - 1] = prompt[prompt.count - reach - 1] == 5 ? 6 : 5
        #expect(score(changed) != score(prompt))
    }
}
