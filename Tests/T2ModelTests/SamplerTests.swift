import T2Core
import T2Model
import T2Numerics
import T2TestSupport
import Testing

@Suite("Sampling")
struct SamplerTests {
    private let sampling = Sampling(temperature: 0.9, maxTokens: 20)
    private let stop: Set<Int32> = [1, 7, 8]

    @Test("the log-probabilities of sampled tokens are those of scoring, temperature included")
    func scored() throws {
        let model = try RandomModel()
        let merged = model.svf.merge(model.vector(1))
        let requests = model.requests(8)
        let completions = try Sampler(model.transformer).sample(
            requests, .merged(merged), Sampling(temperature: 1, maxTokens: 20), stop: StopCondition(tokens: stop))
        let sequences = zip(requests, completions).map { ScoredSequence(prompt: $0.prompt, completion: $1.tokens) }
        let scores = LogProbabilities(model.transformer).score(sequences, .merged(merged))
        #expect(largestDifference(scores, completions.map(\.logProbabilities)) < 2e-5)
    }

    @Test("batch composition and slots never change a sample", arguments: [1, 3, 64])
    func batchIndependence(slots: Int) throws {
        let model = try RandomModel()
        let merged = model.svf.merge(model.vector(1))
        let requests = model.requests(12)
        let together = try Sampler(model.transformer, slots: slots).sample(
            requests, .merged(merged), sampling, stop: StopCondition(tokens: stop))
        #expect(Set(together.map(\.tokens)).count > 6)
        for (request, expected) in zip(requests, together) {
            let alone = try Sampler(model.transformer).sample(
                [request], .merged(merged), sampling, stop: StopCondition(tokens: stop))[0]
            #expect(alone.tokens == expected.tokens)
            #expect(alone.finishReason == expected.finishReason)
        }
    }

    @Test("samples of one prompt share its reading and still differ")
    func groups() throws {
        let model = try RandomModel()
        let prompt = RandomModel.tokens(9, 4)
        let requests = (0..<6).map { SampleRequest(prompt: prompt, random: SeededRandom(seed: 1, sample: $0)) }
        let weights = Execution.merged(model.svf.base.weights)
        let together = try Sampler(model.transformer).sample(
            requests, weights, sampling, stop: StopCondition(tokens: stop))
        #expect(Set(together.map(\.tokens)).count > 1)
        for (request, expected) in zip(requests, together) {
            let alone = try Sampler(model.transformer).sample(
                [request], weights, sampling, stop: StopCondition(tokens: stop))
            #expect(alone[0].tokens == expected.tokens)
        }
    }

    @Test("a row's own expert decides what it samples, in one batch")
    func experts() throws {
        let model = try RandomModel()
        let vectors = [model.vector(1), model.vector(2)]
        let requests = (0..<6).map { index in
            SampleRequest(
                prompt: RandomModel.tokens(5, UInt64(index / 2)), random: SeededRandom(seed: 5, problem: index / 2),
                expert: Int32(index % 2))
        }
        let mixed = try Sampler(model.transformer).sample(
            requests, .factored(model.svf, ScaleTable(model.svf, vectors)), sampling, stop: StopCondition(tokens: stop))
        for (request, expected) in zip(requests, mixed) {
            let merged = Execution.merged(model.svf.merge(vectors[Int(request.expert)]))
            #expect(
                try Sampler(model.transformer).sample([request], merged, sampling, stop: StopCondition(tokens: stop))[0]
                    .tokens
                    == expected.tokens)
        }
    }

    @Test("greedy takes the most likely token; a stop token ends, the limit cuts off")
    func endings() throws {
        let model = try RandomModel()
        let weights = Execution.merged(model.svf.base.weights)
        let request = model.requests(1)
        let greedy = Sampling(temperature: 0, maxTokens: 5)
        let cut = try Sampler(model.transformer).sample(request, weights, greedy, stop: StopCondition(tokens: []))[0]
        #expect(cut.tokens.count == 5 && cut.finishReason == .length)
        let stopped = try Sampler(model.transformer).sample(
            request, weights, greedy, stop: StopCondition(tokens: [cut.tokens[2]]))[0]
        #expect(stopped.finishReason == .stop)
        #expect(stopped.tokens == Array(cut.tokens[...cut.tokens.firstIndex(of: cut.tokens[2])!]))
        var batch = TokenBatch()
        batch.append(request[0].prompt, outputs: request[0].prompt.count - 1..<request[0].prompt.count)
        let logits = model.transformer.logits(model.transformer.forward(batch, weights))
        let best = (0..<logits.columns).max { logits.row(0)[$0] < logits.row(0)[$1] }!
        #expect(cut.tokens[0] == Int32(best))
    }

    @Test("top-k of one is greedy; top-p keeps to the smallest set that reaches p")
    func truncation() throws {
        let model = try RandomModel()
        let weights = Execution.merged(model.svf.base.weights)
        let requests = model.requests(4)
        let greedy = try Sampler(model.transformer).sample(
            requests, weights, Sampling(temperature: 0, maxTokens: 6), stop: StopCondition(tokens: []))
        for truncated in [
            Sampling(temperature: 2, topK: 1, maxTokens: 6), Sampling(temperature: 2, topP: 1e-6, maxTokens: 6),
        ] {
            let found = try Sampler(model.transformer).sample(
                requests, weights, truncated, stop: StopCondition(tokens: []))
            #expect(found.map(\.tokens) == greedy.map(\.tokens))
            #expect(found.flatMap(\.logProbabilities).allSatisfy { abs($0) < 1e-6 })
        }
    }

    @Test("the context ends a completion, and a prompt that fills it is refused")
    func context() throws {
        let model = try RandomModel(contextLength: 16)
        let weights = Execution.merged(model.svf.base.weights)
        let request = SampleRequest(prompt: RandomModel.tokens(10, 1), random: SeededRandom(seed: 1))
        let found = try Sampler(model.transformer).sample(
            [request], weights, sampling, stop: StopCondition(tokens: []))[0]
        #expect(found.tokens.count == 6 && found.finishReason == .length)
        let long = SampleRequest(prompt: RandomModel.tokens(16, 1), random: SeededRandom(seed: 1))
        let error = #expect(throws: InputError.self) {
            try Sampler(model.transformer).sample([long], weights, sampling, stop: StopCondition(tokens: []))
        }
        #expect(error?.description.contains("16 tokens") == true)
    }

    @Test("a z that overflows stops sampling with an error instead of tokens")
    func nonFinite() throws {
        let model = try RandomModel()
        let weights = Execution.merged(model.svf.merge(ExpertVector(layout: model.svf.layout, repeating: 1e30)))
        let error = #expect(throws: ModelError.self) {
            try Sampler(model.transformer).sample(
                model.requests(2), weights, sampling, stop: StopCondition(tokens: stop))
        }
        #expect(error?.description.contains("is not finite") == true)
        #expect(
            error?.description.hasSuffix("train it again with a lower learning-rate in another --run-dir.") == true)
    }

    @Test("the caller can stop in the middle and keeps what was drawn")
    func interruption() throws {
        let model = try RandomModel()
        var count = 0
        let found = try Sampler(model.transformer).sample(
            model.requests(3), .merged(model.svf.base.weights), Sampling(temperature: 1, maxTokens: 20),
            stop: StopCondition(tokens: [])
        ) { _, _ in
            count += 1
            return count < 10
        }
        #expect(found.reduce(0) { $0 + $1.tokens.count } == 10)
    }
}
