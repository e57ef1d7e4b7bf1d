import Foundation
import T2Core
import T2Model
import T2Numerics
import T2TestSupport
import Testing

@Suite("With weights in bfloat16", .enabled(if: PackedMatrix.isSupported, "this processor does not multiply bfloat16"))
struct BFloatModelTests {
    private func sampled(_ model: RandomModel, _ execution: Execution, _ count: Int = 12, slots: Int = 64) throws
        -> [Completion]
    {
        try Sampler(model.transformer, slots: slots).sample(
            model.requests(count), execution, Sampling(temperature: 1, maxTokens: 20),
            stop: StopCondition(tokens: [1, 7]))
    }

    private func sequences(_ model: RandomModel, _ completions: [Completion]) -> [ScoredSequence] {
        zip(model.requests(completions.count), completions).map {
            ScoredSequence(prompt: $0.prompt, completion: $1.tokens)
        }
    }

    @Test("a token has the same log-probability when it is sampled, scored and differentiated, to the last bit")
    func sameBits() throws {
        let model = try RandomModel(type: .bfloat16)
        let z = model.vector(1)
        let merged = model.svf.merge(z)
        let completions = try sampled(model, .merged(merged), slots: 5)
        #expect(Set(completions.map(\.tokens)).count > 6)
        let sequences = sequences(model, completions)
        #expect(
            LogProbabilities(model.transformer).score(sequences, .merged(merged)) == completions.map(\.logProbabilities)
        )
        var differentiated = sequences.map { _ in [Float]() }
        let execution = model.svf.differentiable(z) { merged }
        _ = PolicyGradient(model.transformer, model.svf, tokensPerBatch: 40).run(sequences, execution, temperature: 1) {
            differentiated[$0.sequence].append($0.policy[Int($0.token)])
        }
        #expect(differentiated == completions.map(\.logProbabilities))
    }

    @Test("a LoRA adapter's tokens have the same log-probabilities when they are sampled and scored")
    func lora() throws {
        let model = try RandomModel(type: .bfloat16)
        let lora = try LoRAModel(
            model.svf.base,
            layout: LoRALayout(model: model.svf.base.configuration, targets: .all, rank: 3, alpha: 3).expertLayout)
        var random = SeededRandom(seed: 3)
        let vector = ExpertVector(
            layout: lora.layout, values: (0..<lora.layout.count).map { _ in Float(0.2 * random.nextNormal()) })
        let execution = lora.factored(vector)
        #expect(!lora.isMergingCheaper(tokens: 1_000_000))
        let completions = try sampled(model, execution)
        #expect(
            LogProbabilities(model.transformer).score(sequences(model, completions), execution)
                == completions.map(\.logProbabilities))
    }

    @Test("any number of threads gives the same samples and gradients, to the last bit")
    func threads() throws {
        func run(_ threads: Int) throws -> ([Completion], [Float]) {
            let model = try RandomModel(type: .bfloat16, threads: threads)
            let z = model.vector(1)
            let completions = try sampled(model, .merged(model.svf.merge(z, on: model.transformer.products)))
            return (completions, gradient(model, z))
        }
        let one = try run(1)
        for threads in [2, 3] {
            let found = try run(threads)
            #expect(found.0 == one.0)
            #expect(found.1 == one.1)
        }
    }

    /// The gradient of the log-probability of given tokens.
    private func gradient(_ model: RandomModel, _ z: ExpertVector) -> [Float] {
        PolicyGradient(model.transformer, model.svf).run(RandomModel.sequences(9), z: z, temperature: 1) { row in
            for (index, value) in row.policy.enumerated() { row.gradient[index] -= exp(value) }
            row.gradient[Int(row.token)] += 1
        }
    }

    @Test("log-probabilities and gradients are those of float32 up to the rounding of weights and inputs")
    func nearFloat32() throws {
        let (exact, rounded) = (try RandomModel(), try RandomModel(type: .bfloat16))
        let z = exact.vector(1)
        let sequences = RandomModel.sequences(9)
        let expected = LogProbabilities(exact.transformer).score(sequences, .merged(exact.svf.merge(z)))
        for execution in [
            Execution.merged(rounded.svf.merge(z)), .factored(rounded.svf, ScaleTable(rounded.svf, [z])),
        ] {
            let found = LogProbabilities(rounded.transformer).score(sequences, execution)
            #expect(found != expected)
            #expect(largestDifference(found, expected) < 0.3)
        }
        let found = gradient(rounded, z)
        #expect(relativeError(found, gradient(exact, z).map(Double.init)) < 0.04)
    }

    @Test("a vector of ones is the base model, exactly, and each row has its own expert")
    func rows() throws {
        let model = try RandomModel(type: .bfloat16)
        let sequences = RandomModel.sequences(4)
        let scorer = LogProbabilities(model.transformer)
        let base = scorer.score(sequences, .merged(model.svf.base.weights))
        #expect(scorer.score(sequences, .merged(model.svf.merge(model.ones))) == base)
        let table = ScaleTable(model.svf, [model.ones, model.vector(1)])
        #expect(scorer.score(sequences, .factored(model.svf, table)) == base)
        let other = scorer.score(sequences, .factored(model.svf, table), expert: 1)
        #expect(largestDifference(other, base) > 0.01)
        #expect(largestDifference(other, scorer.score(sequences, .merged(model.svf.merge(model.vector(1))))) < 0.3)
    }
}
