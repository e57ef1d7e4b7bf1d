import Synchronization
import T2Core
import T2Formats
import T2Engine
import T2Model
import T2TestSupport
import T2Text
import Testing

@Suite("A unit")
struct UnitComputerTests {
    @Test(
        "comes to the same bytes on another lane, after other units and in another process's engine",
        arguments: ModelFixture.names)
    func repeats(name: String) throws {
        let model = try ReferenceModel(name)
        let policy = Policy.svf(model.vector())
        let unit = model.unit(policy)
        let first = try model.engine.run(unit, [policy]).untimed

        let busy = model.lane
        _ = try model.engine.run(model.unit(policy, index: 1, prompts: ["zzz"], maxTokens: 60), [policy], on: busy)
        _ = try model.engine.run(model.unit(policy, index: 2, advantage: nil, temperature: 0), [policy], on: busy)
        #expect(try model.engine.run(unit, [policy], on: busy).untimed == first)

        let other = try ReferenceModel(name)
        #expect(try other.engine.run(unit, [policy]).untimed == first)
    }

    @Test("comes to the same bytes with one lane and with four")
    func lanes() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let units = (0..<8).map { index in
            index.isMultiple(of: 2)
                ? model.unit(policy, index: index) : model.unit(policy, index: index, advantage: nil, temperature: 0)
        }
        let (computer, policies) = (model.engine.computer(), model.policies(model.vector()))
        let outputs = try [1, 4].map { count in
            try LanePool(model.engine.adapters.base, count: count).map(units) { lane, _, unit in
                try computer.run(unit, policies, on: lane) { _ in true }.untimed
            }
        }
        #expect(outputs[0] == outputs[1])
        #expect(Set(outputs[0].flatMap(\.completions).map(\.tokens)).count > 10)
    }

    @Test("holds whole groups in order, and every sample has a stream of its own")
    func groups() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let unit = model.unit(policy, index: 4, prompts: ["same", "same", "else"], samples: 3)
        let output = try model.engine.run(unit, [policy])
        let completions = output.completions
        #expect(completions.map(\.problemIndex) == [12, 12, 12, 13, 13, 13, 14, 14, 14])
        #expect(completions.map(\.sample) == [0, 1, 2, 0, 1, 2, 0, 1, 2])
        #expect(completions.map(\.problem).prefix(4) == ["problem-0", "problem-0", "problem-0", "problem-1"])
        #expect(Set(completions.map(\.tokens)).count == 9)
        #expect(output.statistics.completionTokens == completions.reduce(0) { $0 + $1.tokens.count })
        #expect(output.statistics.promptTokens == 12)
        #expect(completions.allSatisfy { ($0.finishReason == .stop) == ($0.tokens.last == 1) && $0.tokens.count <= 12 })
        #expect(completions.allSatisfy { $0.policy == 0 && $0.logProbabilities.count == $0.tokens.count })
    }

    @Test("draws each sample alike, whatever else is in it")
    func samplesAreIndependent() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let both = try model.engine.run(model.unit(policy), [policy])
        let alone = try model.engine.run(
            model.unit(policy, prompts: ["ABCDEFG"], samples: 1, advantage: nil), [policy])
        #expect(alone.completions[0].tokens == both.completions[0].tokens)
    }

    @Test("weighs rewards by the advantage that it names")
    func advantages() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let output = try model.engine.run(model.unit(policy, samples: 4, advantage: .groupMean), [policy])
        let groups = [output.completions[0..<4], output.completions[4..<8]]
        for group in groups {
            let rewards = group.compactMap(\.reward.value)
            let expected = rewards.map { ($0 - (rewards.reduce(0, +) - $0) / 3) }
            #expect(largestDifference(group.map(\.advantage), expected) < 1e-6)
        }
        #expect(output.statistics.equalRewardGroups == groups.count { Set($0.map(\.reward.value)).count == 1 })
        #expect(output.gradient?.count == model.layout().count)
        #expect(output.statistics.kl ?? 0 > 0)
        #expect(output.statistics.largestLogProbabilityDifference < 1e-4)
    }

    @Test("without a divergence that weighs anything runs no reference, and its gradient has the same bytes")
    func withoutReference() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        // Decomposing and merging report progress too; the first run below does both.
        let policies = model.policies(model.vector())
        let layers = Atomic<Int>(0)
        func run(measuresKL: Bool) throws -> (output: UnitOutput, layers: Int) {
            layers.store(0, ordering: .relaxed)
            let output = try model.engine.computer().run(
                model.unit(policy, klCoefficient: 0, measuresKL: measuresKL), policies, on: model.lane
            ) { tokens in
                if tokens == 0 { layers.add(1, ordering: .relaxed) }
                return true
            }
            return (output, layers.load(ordering: .relaxed))
        }
        _ = try run(measuresKL: true)
        let (without, with) = (try run(measuresKL: false), try run(measuresKL: true))
        #expect(without.output.statistics.kl == nil)
        #expect(try #require(with.output.statistics.kl) > 0)
        #expect(without.output.gradient?.map(\.bitPattern) == with.output.gradient?.map(\.bitPattern))
        #expect(without.output.completions == with.output.completions)
        #expect(without.output.statistics.policyLoss == with.output.statistics.policyLoss)
        #expect(with.layers - without.layers == model.folder.configuration.layerCount)
    }

    @Test("without a gradient returns rewards alone")
    func validation() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let output = try model.engine.run(
            model.unit(policy, samples: 1, advantage: nil, temperature: 0), [policy])
        #expect(output.gradient == nil && output.statistics.kl == nil)
        #expect(output.completions.count == 2)
        #expect(output.completions.allSatisfy { $0.reward.value != nil && $0.advantage == 0 })
    }

    @Test("is computed under the form of execution that its size makes cheaper", arguments: [1, 200])
    func execution(maxTokens: Int) throws {
        let model = try ReferenceModel()
        let policies = model.policies(model.vector())
        let isMerged =
            if case .merged = try policies.execution(tokens: maxTokens, on: model.engine.lane.transformer) { true } else
            { false }
        #expect(isMerged == (maxTokens == 200))
    }

    @Test("whose prompt and completion do not fit the context is refused with the problem's name")
    func promptTooLong() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let unit = model.unit(policy, prompts: ["fits", String(repeating: "A", count: 250)])
        let error = #expect(throws: PromptError.self) { try model.engine.run(unit, [policy]) }
        #expect(error == .tooLong(problem: "problem-1", tokens: 250, maxTokens: 12, context: 256))
        #expect(error.map { UnitError.category(of: $0) } == .promptTooLong)
        #expect(error?.description.contains("problem-1: its prompt has 250 tokens") == true)
        #expect(error?.description.contains("context holds 256. Lower max-tokens to 6") == true)
    }

    @Test("that asks for what cannot be computed is refused: a lease comes from the network")
    func unsuitable() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let good = model.unit(policy)
        func changed(
            _ sequences: [WorkUnit.Sequence]? = nil, indices: [Int]? = nil, policies: [Policy]? = nil,
            sampling: Sampling? = good.sampling
        ) -> (WorkUnit, [Policy]) {
            let policies = policies ?? [policy]
            let unit = WorkUnit(
                key: good.key, seed: good.seed, problems: good.problems,
                problemIndices: indices ?? good.problemIndices, sequences: sequences ?? good.sequences,
                policies: policies.map(\.digest), sampling: sampling, gradient: good.gradient)
            return (unit, policies)
        }
        let cases: [(mention: String, unit: (WorkUnit, [Policy]))] = [
            ("temperature 0.0", changed(sampling: Sampling(temperature: 0, maxTokens: 4))),
            ("top-k 3", changed(sampling: Sampling(temperature: 1, topK: 3, maxTokens: 4))),
            ("top-p 0.5", changed(sampling: Sampling(temperature: 1, topP: 0.5, maxTokens: 4))),
            ("max-tokens 0", changed(sampling: Sampling(temperature: 1, maxTokens: 0))),
            ("temperature -1.0", changed(sampling: Sampling(temperature: -1, maxTokens: 4))),
            ("temperature nan", changed(sampling: Sampling(temperature: .nan, maxTokens: 4))),
            ("references have no gradient", changed(sampling: nil)),
            ("found 2 policies", changed(policies: [policy, .base])),
            ("found the base model", changed(policies: [.base])),
            ("its sequences do not fit", changed([])),
            ("its sequences do not fit", changed([.init(problem: 2)])),
            ("its sequences do not fit", changed([.init(problem: -1)])),
            ("its sequences do not fit", changed([.init(problem: 0, policy: 1)])),
            ("its sequences do not fit", changed(indices: [0])),
        ]
        for (mention, (unit, policies)) in cases {
            let error = #expect(throws: UnitError.self) { try model.engine.run(unit, policies) }
            #expect(error?.category == .unsuitableLease)
            #expect(error?.description.contains(mention) == true, "\(mention): \(error?.description ?? "")")
        }
    }

    @Test("under a z that blows up is reported as non-finite")
    func nonFinite() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(ExpertVector(layout: model.layout(), repeating: 1e30))
        let error = #expect(throws: (any Error).self) { try model.engine.run(model.unit(policy), [policy]) }
        #expect(error.map { UnitError.category(of: $0) } == .nonFinite)
    }

    @Test("whose gradient is not finite fails with the completions that it comes from")
    func nonFiniteGradient() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let failure = #expect(throws: CompletionFailure.self) {
            try model.engine.run(model.overflowingUnit(policy), [policy])
        }
        #expect(failure?.cause.category == .nonFinite)
        let finite = try model.engine.run(model.unit(policy, klCoefficient: 0), [policy])
        #expect(failure?.completions == finite.completions)
    }

    @Test("under an expert of another model is refused")
    func foreignExpert() throws {
        let model = try ReferenceModel()
        let layout = ExpertLayout(entries: [.init(name: "model.layers.0.mlp.gate_proj.weight", count: 31)])
        let policy = Policy.svf(ExpertVector(layout: layout, repeating: 1))
        let error = #expect(throws: InputError.self) { try model.engine.run(model.unit(policy), [policy]) }
        #expect(error?.description.contains("'model.layers.0.mlp.gate_proj.weight' with 31 values") == true)
    }

    @Test("stops at the next token once it is cancelled, while it samples and while the gradient is computed")
    func cancelled() throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(model.vector())
        let unit = model.unit(policy)
        let sampled = try model.engine.run(unit, [policy]).statistics.completionTokens
        for limit in [0, 3, sampled + 3] {
            let tokens = Atomic<Int>(0)
            #expect(throws: UnitError.cancelled) {
                try model.engine.run(
                    unit, [policy],
                    onProgress: { count in
                        tokens.add(count, ordering: .relaxed)
                        return tokens.load(ordering: .relaxed) <= limit
                    })
            }
        }
    }
}
