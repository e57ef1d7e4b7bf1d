import Foundation
import T2Core
import T2Model
import T2Numerics
import T2TestSupport
import Testing

@Suite("The gradient with respect to z")
struct PolicyGradientTests {
    /// J = Σ over sequences and tokens of weight · log π.
    private func weight(_ sequence: Int, _ position: Int) -> Float { Float(sequence % 3) - 0.8 + 0.1 * Float(position) }

    private func gradient(
        _ model: RandomModel, _ z: ExpertVector, _ sequences: [ScoredSequence] = RandomModel.sequences(7),
        temperature: Float = 1, tokensPerBatch: Int = 512
    ) -> [Float] {
        PolicyGradient(model.transformer, model.svf, tokensPerBatch: tokensPerBatch).run(
            sequences, z: z, temperature: temperature
        ) { row in
            let weight = weight(row.sequence, row.position)
            for (index, value) in row.policy.enumerated() { row.gradient[index] -= weight * exp(value) }
            row.gradient[Int(row.token)] += weight
        }
    }

    private func objective(_ model: RandomModel, _ z: ExpertVector) -> Double {
        let scores = LogProbabilities(model.transformer).score(
            RandomModel.sequences(7), .factored(model.svf, ScaleTable(model.svf, [z])))
        return scores.enumerated().reduce(0) { total, row in
            total
                + row.element.enumerated().reduce(0.0) {
                    $0 + Double(weight(row.offset, $1.offset)) * Double($1.element)
                }
        }
    }

    @Test("agrees with finite differences along random directions", arguments: TargetModules.allCases)
    func finiteDifferences(targets: TargetModules) throws {
        let model = try RandomModel(targets: targets)
        let z = model.vector(1)
        let found = gradient(model, z)
        for seed in UInt64(10)..<16 {
            let direction = model.vector(seed, deviation: 1).values.map { $0 - 1 }
            let step: Float = 2e-3
            func moved(_ sign: Float) -> ExpertVector {
                ExpertVector(layout: z.layout, values: zip(z.values, direction).map { $0 + sign * step * $1 })
            }
            let slope = (objective(model, moved(1)) - objective(model, moved(-1))) / Double(2 * step)
            let expected = zip(found, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let size = found.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
            #expect(abs(slope - expected) < 5e-3 * size * Double(direction.count).squareRoot() * 0.2)
        }
    }

    @Test("does not depend on how sequences are cut into micro-batches", arguments: [1, 20, 60])
    func microBatches(tokens: Int) throws {
        let model = try RandomModel()
        let whole = gradient(model, model.vector(1))
        let cut = gradient(model, model.vector(1), tokensPerBatch: tokens)
        #expect(relativeError(cut, whole.map(Double.init)) < 1e-5)
    }

    @Test(
        "is the same for samples that share their prompt as for each alone",
        arguments: [(1, [1, 2, 1]), (9, [5, 1, 1, 12]), (140, [1, 150, 3])])
    func sharedPrompt(prompt: Int, completions: [Int]) throws {
        let model = try RandomModel(contextLength: 512)
        // Others stand before and behind the group.
        var sequences = RandomModel.sequences(2)
        for (index, count) in completions.enumerated() {
            sequences.append(
                ScoredSequence(
                    prompt: RandomModel.tokens(prompt, 50), completion: RandomModel.tokens(count, UInt64(60 + index))))
        }
        sequences += RandomModel.sequences(4)[2...]
        let z = model.vector(1)
        let alone = gradient(model, z, sequences, tokensPerBatch: 1)
        for limit in [512, prompt + completions[0] + 4] {
            #expect(relativeError(gradient(model, z, sequences, tokensPerBatch: limit), alone.map(Double.init)) < 1e-5)
        }
        let scorer = LogProbabilities(model.transformer)
        let merged = Execution.merged(model.svf.merge(z))
        let together = scorer.score(sequences, merged)
        #expect(together.map(\.count) == sequences.map(\.completion.count))
        #expect(largestDifference(together, sequences.flatMap { scorer.score([$0], merged) }) < 1e-5)
    }

    @Test("says after each layer that it goes on: two passes forward, one back, and the weights' merging")
    func layers() throws {
        let model = try RandomModel(layers: 3)
        var count = 0
        model.transformer.onLayer = { count += 1 }
        _ = gradient(model, model.vector(1))
        // One block of the head besides.
        #expect(count == 3 * 3 + 1)
        count = 0
        _ = model.svf.merge(model.vector(1), on: model.transformer.products) { count += 1 }
        #expect(count == 3)
    }

    @Test("is cut also where completions of one token share a prompt and add no rows")
    func outputsAreBounded() throws {
        let model = try RandomModel()
        let sequences = (0..<40).map {
            ScoredSequence(prompt: RandomModel.tokens(6, 50), completion: RandomModel.tokens(1, UInt64($0)))
        }
        var batches = 0
        model.transformer.onLayer = { batches += 1 }
        let cut = gradient(model, model.vector(1), sequences, tokensPerBatch: 16)
        // Two layers, three passes, and one block of the head.
        #expect(batches == 3 * (2 * 3 + 1))
        let whole = gradient(model, model.vector(1), sequences)
        #expect(relativeError(cut, whole.map(Double.init)) < 1e-5)
    }

    @Test("the same call gives the same bits, also after other work on the lane")
    func repeats() throws {
        let model = try RandomModel()
        let first = gradient(model, model.vector(1))
        _ = gradient(model, model.vector(2), tokensPerBatch: 30)
        #expect(gradient(model, model.vector(1)) == first)
    }

    @Test("sequences longer than a block of query rows")
    func longSequences() throws {
        let model = try RandomModel(contextLength: 512)
        let sequences = [ScoredSequence(prompt: RandomModel.tokens(150, 1), completion: RandomModel.tokens(170, 2))]
        func run(_ z: ExpertVector) -> [Float] {
            PolicyGradient(model.transformer, model.svf).run(sequences, z: z, temperature: 1) { row in
                for (index, value) in row.policy.enumerated() { row.gradient[index] -= exp(value) }
                row.gradient[Int(row.token)] += 1
            }
        }
        func objective(_ z: ExpertVector) -> Double {
            LogProbabilities(model.transformer).score(sequences, .factored(model.svf, ScaleTable(model.svf, [z])))[0]
                .reduce(0.0) { $0 + Double($1) }
        }
        let z = model.vector(1)
        let found = run(z)
        let size = found.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
        // Along the gradient itself, where the slope is its length.
        let step = 1e-3 / size
        func moved(_ sign: Double) -> ExpertVector {
            ExpertVector(layout: z.layout, values: zip(z.values, found).map { $0 + Float(sign * step) * $1 })
        }
        let slope = (objective(moved(1)) - objective(moved(-1))) / (2 * step)
        #expect(abs(slope / (size * size) - 1) < 2e-2)
    }
}
