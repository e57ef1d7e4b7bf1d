import T2Core
import T2Model
import T2Numerics
import T2TestSupport
import Testing

@Suite("Singular value fine-tuning")
struct SVFWeightTests {
    @Test("z = 1 is the base model: merged exactly, factored within rounding", arguments: TargetModules.allCases)
    func onesAreTheBase(targets: TargetModules) throws {
        let model = try RandomModel(targets: targets)
        let scorer = LogProbabilities(model.transformer)
        let base = scorer.score(RandomModel.sequences(6), .merged(model.svf.base.weights))
        #expect(scorer.score(RandomModel.sequences(6), .merged(model.svf.merge(model.ones))) == base)
        let factored = scorer.score(RandomModel.sequences(6), .factored(model.svf, ScaleTable(model.svf, [model.ones])))
        #expect(largestDifference(factored, base) < 2e-5)
    }

    @Test("merged equals factored for any z, and differs from the base", arguments: TargetModules.allCases)
    func mergedEqualsFactored(targets: TargetModules) throws {
        let model = try RandomModel(targets: targets)
        let scorer = LogProbabilities(model.transformer)
        for seed in UInt64(1)...5 {
            let z = model.vector(seed)
            let merged = scorer.score(RandomModel.sequences(6), .merged(model.svf.merge(z)))
            let factored = scorer.score(RandomModel.sequences(6), .factored(model.svf, ScaleTable(model.svf, [z])))
            #expect(largestDifference(merged, factored) < 2e-5)
            #expect(
                largestDifference(merged, scorer.score(RandomModel.sequences(6), .merged(model.svf.base.weights)))
                    > 1e-2)
        }
    }

    @Test("a batch whose rows have different z gives each row what it gets alone")
    func mixedBatch() throws {
        let model = try RandomModel()
        let vectors = [model.ones, model.vector(1), model.vector(2)]
        let table = ScaleTable(model.svf, vectors)
        let prompts = (0..<9).map { RandomModel.tokens(4 + $0, UInt64($0)) }
        var batch = TokenBatch()
        for (index, prompt) in prompts.enumerated() {
            batch.append(prompt, outputs: 0..<prompt.count, expert: Int32(index % 3))
        }
        let together = model.transformer.logits(model.transformer.forward(batch, .factored(model.svf, table)))
        let mixed = (0..<together.rows).map { row in (0..<together.columns).map { together.row(row)[$0] } }
        var start = 0
        for (index, prompt) in prompts.enumerated() {
            batch.clear()
            batch.append(prompt, outputs: 0..<prompt.count)
            let merged = model.svf.merge(vectors[index % 3])
            let alone = model.transformer.logits(model.transformer.forward(batch, .merged(merged)))
            for row in 0..<prompt.count {
                for column in 0..<alone.columns {
                    #expect(abs(mixed[start + row][column] - alone.row(row)[column]) < 5e-5)
                }
            }
            start += prompt.count
        }
    }

    @Test("an mlp expert completed for a model adapted throughout leaves attention at 1")
    func completion() throws {
        let all = try RandomModel()
        let mlp = try RandomModel(targets: .mlp)
        let z = mlp.vector(3)
        let complete = try all.svf.complete(z)
        let scorer = LogProbabilities(all.transformer)
        let a = scorer.score(RandomModel.sequences(4), .merged(all.svf.merge(complete)))
        let b = scorer.score(RandomModel.sequences(4), .merged(mlp.svf.merge(z)))
        #expect(largestDifference(a, b) < 1e-6)
        let error = #expect(throws: InputError.self) { try mlp.svf.complete(all.vector(1)) }
        #expect(error?.description.contains("self_attn.q_proj.weight") == true)
    }

    @Test("merging is chosen for long work")
    func cost() throws {
        let model = try RandomModel()
        #expect(model.svf.isMergingCheaper(tokens: 10_000))
        #expect(!model.svf.isMergingCheaper(tokens: 5))
    }
}
