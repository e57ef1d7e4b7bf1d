import T2Core
import T2Formats
import T2Engine
import T2Model
import T2TestSupport
import T2Text
import Testing

@Suite("A unit of references")
struct ReferenceUnitTests {
    private let model: ReferenceModel
    private let references = ["HIJ", "", "what(is+this)?"]

    init() throws { model = try ReferenceModel() }

    private func unit(
        _ policies: [Policy], _ sequences: [WorkUnit.Sequence]? = nil, gradient: GradientSpecification? = nil,
        references: [String]? = nil
    ) -> WorkUnit {
        let problems = (references ?? self.references).enumerated().map {
            Problem(id: "p\($0)", topic: "", prompt: "ABC\($0)", verification: .number(answer: "1"), reference: $1)
        }
        return WorkUnit(
            key: UnitKey(run: "r", step: 0, phase: .references, index: 0), seed: 1, problems: problems,
            problemIndices: Array(problems.indices),
            sequences: sequences
                ?? policies.indices.flatMap { policy in problems.indices.map { .init(problem: $0, policy: policy) } },
            policies: policies.map(\.digest), sampling: nil, gradient: gradient)
    }

    @Test("scores them with the token that ends an answer, under each policy, and nothing is judged")
    func scored() throws {
        let policies = [Policy.svf(model.vector()), .base]
        let unit = unit(policies)
        let rewards = RewardRunner.judging { _ in
            Issue.record("a reference was judged")
            return []
        }
        let output = try model.engine.run(unit, policies, rewards: rewards)
        #expect(output.gradient == nil)
        #expect(output.completions.count == 6)
        #expect(output.completions.map(\.policy) == [0, 0, 0, 1, 1, 1])
        let tokenizer = model.engine.tokenizer
        for (completion, sequence) in zip(output.completions, unit.sequences) {
            let problem = unit.problems[sequence.problem]
            #expect(completion.problem == problem.id && completion.problemIndex == sequence.problem)
            #expect(try completion.prompt == tokenizer.prompt(problem.prompt))
            #expect(completion.tokens == tokenizer.encode(problem.reference ?? "") + [1])
            #expect(completion.text == problem.reference)
            #expect(completion.reward == .unjudged && completion.finishReason == .stop && completion.advantage == 0)
            #expect(completion.logProbabilities.count == completion.tokens.count)
            #expect(completion.logProbabilities.allSatisfy { $0 < 0 && $0.isFinite })
        }
        // The base model's are those of its weights; the expert's differ.
        let expected = LogProbabilities(model.lane.transformer).score(
            output.completions[3...].map { ScoredSequence(prompt: $0.prompt, completion: $0.tokens) },
            .merged(model.engine.adapters.base.weights))
        #expect(largestDifference(output.completions[3...].map(\.logProbabilities), expected) < 1e-4)
        #expect(output.completions[0].logProbabilities != output.completions[3].logProbabilities)
        #expect(output.statistics.completionTokens == output.completions.reduce(0) { $0 + $1.tokens.count })
    }

    @Test("scores each under a policy as it does in a unit of that policy alone, to the bit")
    func alone() throws {
        let policy = Policy.svf(model.vector())
        let other = Policy.svf(ExpertVector(layout: model.layout(), values: model.vector().values.map { 2 - $0 }))
        let both = try model.engine.run(unit([policy, other]), [policy, other]).completions
        for (index, single) in [policy, other].enumerated() {
            let alone = try model.engine.run(unit([single]), [single]).completions
            #expect(both[3 * index..<3 * index + 3].map(\.logProbabilities) == alone.map(\.logProbabilities))
        }
    }

    @Test("repeats to the same bytes on one lane and on four")
    func lanes() throws {
        let policy = Policy.svf(model.vector())
        let (computer, set) = (model.engine.computer(), model.policies(model.vector()))
        let unit = unit([policy])
        let outputs = try LanePool(model.engine.adapters.base, count: 4).map([Int](repeating: 0, count: 8)) {
            lane, _, _ in
            try computer.run(unit, set, on: lane) { _ in true }.untimed
        }
        #expect(outputs.allSatisfy { $0 == outputs[0] })
    }

    @Test("can be scored under LoRA")
    func lora() throws {
        let policy = Policy.lora(
            try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all), for: model.folder).vector)
        let found = try model.engine.run(unit([policy]), [policy]).completions
        let base = try model.engine.run(unit([.base]), [.base]).completions
        #expect(found.map(\.tokens) == base.map(\.tokens))
        #expect(found.map(\.logProbabilities) != base.map(\.logProbabilities))
    }

    @Test("is refused if a policy's references do not stand side by side, or with a gradient")
    func unsuitable() throws {
        let policies = [Policy.svf(model.vector()), .base]
        let mixed = unit(policies, [.init(problem: 0, policy: 0), .init(problem: 0, policy: 1), .init(problem: 1)])
        let order = #expect(throws: UnitError.self) { try model.engine.run(mixed, policies) }
        #expect(order?.category == .unsuitableLease)
        let gradient = #expect(throws: UnitError.self) {
            try model.engine.run(
                unit([policies[0]], gradient: GradientSpecification(advantage: .none)), [policies[0]])
        }
        #expect(gradient?.description.contains("references have no gradient") == true)
    }

    @Test("whose prompt and reference do not fit the context is refused with the problem's name")
    func tooLong() throws {
        let long = unit([.base], references: ["A", String(repeating: "A", count: 260)])
        let error = #expect(throws: PromptError.self) { try model.engine.run(long, [.base]) }
        #expect(error.map { UnitError.category(of: $0) } == .promptTooLong)
        #expect(error?.description.contains("p1") == true)
    }

    @Test("under a z that blows up is reported as non-finite")
    func nonFinite() throws {
        let policy = Policy.svf(ExpertVector(layout: model.layout(), repeating: 1e30))
        let error = #expect(throws: (any Error).self) { try model.engine.run(unit([policy]), [policy]) }
        #expect(error.map { UnitError.category(of: $0) } == .nonFinite)
    }

    @Test("stops between two policies once it is cancelled")
    func cancelled() throws {
        #expect(throws: UnitError.cancelled) {
            try model.engine.run(unit([.base]), [.base], onProgress: { $0 == 0 })
        }
    }
}
