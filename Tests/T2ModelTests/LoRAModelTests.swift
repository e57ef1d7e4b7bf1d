import Foundation
import T2Core
import T2Model
import T2TestSupport
import Testing

@Suite("LoRA")
struct LoRAModelTests {
    /// LoRA on a random model, the factors drawn from N(0, 0.04).
    private struct Adapted {
        let transformer: Transformer
        let lora: LoRAModel

        init(_ targets: TargetModules = .all, rank: Int = 3, contextLength: Int = 128) throws {
            let model = try RandomModel(contextLength: contextLength)
            transformer = model.transformer
            let layout = LoRALayout(
                model: model.svf.base.configuration, targets: targets, rank: rank, alpha: Float(rank))
            lora = try LoRAModel(model.svf.base, layout: layout.expertLayout)
        }

        func vector(_ seed: UInt64) -> ExpertVector {
            var random = SeededRandom(seed: seed)
            return ExpertVector(
                layout: lora.layout, values: (0..<lora.layout.count).map { _ in Float(0.2 * random.nextNormal()) })
        }

        func withoutB(_ vector: ExpertVector) -> ExpertVector {
            var result = vector
            for index in lora.matrices.matrices.indices {
                for place in lora.matrices.range(index, .b) { result.values[place] = 0 }
            }
            return result
        }
    }

    private let sequences = RandomModel.sequences(7)

    @Test("B = 0 is the base model bit for bit, merged and apart, whatever A is", arguments: TargetModules.allCases)
    func zeroIsTheBase(targets: TargetModules) throws {
        let model = try Adapted(targets)
        let scorer = LogProbabilities(model.transformer)
        let base = scorer.score(sequences, .merged(model.lora.base.weights))
        let start = model.withoutB(model.vector(1))
        #expect(scorer.score(sequences, .merged(model.lora.merge(start))) == base)
        #expect(scorer.score(sequences, model.lora.factored(start)) == base)
    }

    @Test("merged equals apart for any rank, and differs from the base", arguments: TargetModules.allCases, [1, 5, 16])
    func mergedEqualsApart(targets: TargetModules, rank: Int) throws {
        let model = try Adapted(targets, rank: rank)
        let scorer = LogProbabilities(model.transformer)
        let base = scorer.score(sequences, .merged(model.lora.base.weights))
        for seed in UInt64(1)...3 {
            let vector = model.vector(seed)
            let merged = scorer.score(sequences, .merged(model.lora.merge(vector)))
            #expect(largestDifference(merged, scorer.score(sequences, model.lora.factored(vector))) < 2e-5)
            #expect(largestDifference(merged, base) > 1e-2)
        }
    }

    @Test("merged weights are W + B·A, element by element; what has no factors stays")
    func merging() throws {
        let model = try Adapted(.attention, rank: 2)
        let vector = model.vector(4)
        let merged = model.lora.merge(vector)
        let c = model.lora.base.configuration
        let place = try #require(model.lora.matrices.matrices.firstIndex { $0.layer == 1 && $0.kind == .key })
        let a = vector.values[model.lora.matrices.range(place, .a)]
        let b = vector.values[model.lora.matrices.range(place, .b)]
        let (found, base) = (merged.weight(.key, layer: 1), model.lora.base.weights.weight(.key, layer: 1))
        var largest: Float = 0
        for m in 0..<c.keyValueSize {
            for n in 0..<c.hiddenSize {
                var sum = base.pointer[m * c.hiddenSize + n]
                for r in 0..<2 { sum += b[b.startIndex + m * 2 + r] * a[a.startIndex + r * c.hiddenSize + n] }
                largest = max(largest, abs(sum - found.pointer[m * c.hiddenSize + n]))
            }
        }
        #expect(largest < 1e-6)
        #expect(merged.weight(.down, layer: 1).values == model.lora.base.weights.weight(.down, layer: 1).values)
    }

    /// J = Σ over sequences and tokens of weight · log π.
    private func weight(_ sequence: Int, _ position: Int) -> Float { Float(sequence % 3) - 0.8 + 0.1 * Float(position) }

    private func gradient(_ model: Adapted, _ vector: ExpertVector, tokensPerBatch: Int = 512) -> [Float] {
        PolicyGradient(model.transformer, model.lora, tokensPerBatch: tokensPerBatch).run(
            sequences, z: vector, temperature: 1
        ) { row in
            let weight = weight(row.sequence, row.position)
            for (index, value) in row.policy.enumerated() { row.gradient[index] -= weight * exp(value) }
            row.gradient[Int(row.token)] += weight
        }
    }

    private func objective(_ model: Adapted, _ vector: ExpertVector) -> Double {
        LogProbabilities(model.transformer).score(sequences, model.lora.factored(vector)).enumerated().reduce(0) {
            total, row in
            total
                + row.element.enumerated().reduce(0.0) {
                    $0 + Double(weight(row.offset, $1.offset)) * Double($1.element)
                }
        }
    }

    @Test("the gradient agrees with finite differences, for A and for B", arguments: TargetModules.allCases)
    func finiteDifferences(targets: TargetModules) throws {
        let model = try Adapted(targets)
        let vector = model.vector(1)
        let found = gradient(model, vector)
        for factor in LoRAFactor.allCases {
            for seed in UInt64(10)..<14 {
                var direction = [Float](repeating: 0, count: found.count)
                let drawn = model.vector(seed).values
                for index in model.lora.matrices.matrices.indices {
                    for place in model.lora.matrices.range(index, factor) { direction[place] = 5 * drawn[place] }
                }
                let step: Float = 1e-3
                func moved(_ sign: Float) -> ExpertVector {
                    ExpertVector(
                        layout: vector.layout, values: zip(vector.values, direction).map { $0 + sign * step * $1 })
                }
                let slope = (objective(model, moved(1)) - objective(model, moved(-1))) / Double(2 * step)
                let expected = zip(found, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                let size = zip(found, direction).reduce(0.0) { $0 + ($1.1 == 0 ? 0 : Double($1.0 * $1.0)) }.squareRoot()
                #expect(size > 0)
                #expect(abs(slope - expected) < 5e-3 * size)
            }
        }
    }

    @Test("at B = 0 the gradient of A is zero, that of B is not")
    func start() throws {
        let model = try Adapted()
        let found = gradient(model, model.withoutB(model.vector(2)))
        for index in model.lora.matrices.matrices.indices {
            #expect(found[model.lora.matrices.range(index, .a)].allSatisfy { $0 == 0 })
            #expect(found[model.lora.matrices.range(index, .b)].contains { $0 != 0 })
        }
    }

    @Test(
        "does not depend on how sequences are cut into micro-batches, and repeats bit for bit", arguments: [1, 20, 60])
    func microBatches(tokens: Int) throws {
        let model = try Adapted()
        let vector = model.vector(1)
        let whole = gradient(model, vector)
        #expect(relativeError(gradient(model, vector, tokensPerBatch: tokens), whole.map(Double.init)) < 1e-5)
        #expect(gradient(model, vector) == whole)
    }

    @Test("samples of one prompt that share its rows give the gradient of each alone")
    func sharedPrompt() throws {
        let model = try Adapted(contextLength: 512)
        let shared = [5, 1, 12].map {
            ScoredSequence(prompt: RandomModel.tokens(9, 50), completion: RandomModel.tokens($0, UInt64(60 + $0)))
        }
        func run(_ sequences: [ScoredSequence], _ tokens: Int) -> [Float] {
            PolicyGradient(model.transformer, model.lora, tokensPerBatch: tokens).run(
                sequences, z: model.vector(1), temperature: 1
            ) { row in
                for (index, value) in row.policy.enumerated() { row.gradient[index] -= exp(value) }
                row.gradient[Int(row.token)] += 1
            }
        }
        #expect(relativeError(run(shared, 512), run(shared, 1).map(Double.init)) < 1e-5)
    }

    @Test("merging is chosen for long work alone")
    func cost() throws {
        let model = try Adapted()
        #expect(model.lora.isMergingCheaper(tokens: 10_000))
        #expect(!model.lora.isMergingCheaper(tokens: 5))
    }

    @Test(
        "factors that do not fit the model are refused by name",
        arguments: [
            ("model.layers.7.mlp.up_proj.lora_A.weight", 24), ("model.layers.0.mlp.up_proj.lora_C.weight", 24),
            ("model.layers.0.mlp.up_proj.lora_A.weight", 25), ("model.layers.0.mlp.up_proj.lora_A.weight", 0),
            ("model.layers.0.mlp.up_proj.lora_A.weight", 48), ("model.layers.0.mlp.up_proj.lora_B.weight", 40),
        ])
    func misfit(name: String, count: Int) throws {
        let model = try RandomModel()
        let layout = ExpertLayout(entries: [.init(name: name, count: count)])
        let error = #expect(throws: InputError.self) { try LoRAModel(model.svf.base, layout: layout) }
        let fitting = LoRALayout(model: model.svf.base.configuration, targets: .mlp, rank: 2, alpha: 2).expertLayout
        let twice = ExpertLayout(entries: fitting.entries + fitting.entries)
        #expect(throws: InputError.self) { try LoRAModel(model.svf.base, layout: twice) }
        let stem = name.components(separatedBy: ".lora").first ?? name
        #expect(error?.description.contains(stem) == true || error?.description.contains("pairs") == true)
    }
}
