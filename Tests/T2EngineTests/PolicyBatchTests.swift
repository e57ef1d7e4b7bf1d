import T2Core
import T2Engine
import T2Model
import T2TestSupport
import Testing

/// Several policies over one resident base model.
@Suite("A batch under several policies")
struct PolicyBatchTests {
    private let model: ReferenceModel
    private let policies: [Policy]

    init() throws {
        model = try ReferenceModel()
        let all = model.vector()
        let mirrored = ExpertVector(layout: all.layout, values: all.values.map { 2 - $0 })
        // One that adapts fewer weights than the others is among them.
        policies = [.svf(all), .base, .svf(mirrored), .svf(model.vector(.mlp))]
    }

    private func unit(
        _ rows: [(problem: Int, policy: Int)], _ policies: [Policy], temperature: Float,
        phase: Phase = .evaluation
    ) -> WorkUnit {
        let problems = (0..<6).map {
            Problem(id: "p\($0)", topic: "", prompt: "ABC\($0)", verification: .number(answer: "1"))
        }
        return WorkUnit(
            key: UnitKey(run: "r", step: 0, phase: phase, index: 0), seed: 5, problems: problems,
            problemIndices: Array(problems.indices).map { 10 + $0 },
            sequences: rows.map { .init(problem: $0.problem, policy: $0.policy) }, policies: policies.map(\.digest),
            sampling: Sampling(temperature: temperature, maxTokens: 16))
    }

    @Test("answers exactly what each policy answers alone", arguments: [Float(0), 0.8])
    func alone(temperature: Float) throws {
        let rows = (0..<6).flatMap { problem in [0, 1, 2, 3].map { (problem: problem, policy: ($0 + problem) % 4) } }
        let together = try model.engine.run(unit(rows, policies, temperature: temperature), policies).completions
        #expect(together.map(\.policy) == rows.map(\.policy))
        #expect(together.map(\.problemIndex) == rows.map { 10 + $0.problem })
        for (index, policy) in policies.enumerated() {
            let own = rows.filter { $0.policy == index }.map { (problem: $0.problem, policy: 0) }
            let alone = try model.engine.run(unit(own, [policy], temperature: temperature), [policy]).completions
            let rowsOfPolicy = together.filter { $0.policy == index }
            #expect(rowsOfPolicy.map(\.tokens) == alone.map(\.tokens), "policy \(index)")
            #expect(rowsOfPolicy.map(\.text) == alone.map(\.text))
            #expect(rowsOfPolicy.map(\.reward) == alone.map(\.reward))
            #expect(rowsOfPolicy.map(\.finishReason) == alone.map(\.finishReason))
            #expect(
                largestDifference(rowsOfPolicy.map(\.logProbabilities), alone.map(\.logProbabilities)) < 1e-4)
        }
        // The policies do differ.
        #expect(Set((0..<4).map { policy in together.filter { $0.policy == policy }.map(\.tokens) }).count == 4)
    }

    @Test("answers the same wherever a row stands and whatever the other rows are")
    func order() throws {
        let rows = (0..<6).flatMap { problem in (0..<4).map { (problem: problem, policy: $0) } }
        let answers = try model.engine.run(unit(rows, policies, temperature: 0), policies).completions
        let reversed = try model.engine.run(unit(rows.reversed(), policies, temperature: 0), policies).completions
        #expect(Array(reversed.reversed()).map(\.tokens) == answers.map(\.tokens))
        let few = try model.engine.run(unit([rows[7], rows[22]], policies, temperature: 0), policies).completions
        #expect(few.map(\.tokens) == [answers[7].tokens, answers[22].tokens])
    }

    @Test("comes to the same bytes with one lane and with four")
    func lanes() throws {
        let units = (0..<6).map { first in
            unit((0..<5).map { (problem: ($0 + first) % 6, policy: ($0 * first) % 4) }, policies, temperature: 0.8)
        }
        let (computer, set) = (model.engine.computer(), PolicySet(policies, model.engine.adapters))
        let outputs = try [1, 4].map { count in
            try LanePool(model.engine.adapters.base, count: count).map(units) { lane, _, unit in
                try computer.run(unit, set, on: lane) { _ in true }.untimed
            }
        }
        #expect(outputs[0] == outputs[1])
    }

    @Test("of the base model alone needs no decomposition, and answers as the base model's weights do")
    func baseAlone() throws {
        let set = PolicySet(.base, model.engine.adapters)
        #expect(set.isBaseModel)
        let isMerged =
            if case .merged = try set.execution(tokens: 1, on: model.engine.lane.transformer) { true } else { false }
        #expect(isMerged)
        let rows = (0..<6).map { (problem: $0, policy: 0) }
        let base = try model.engine.run(unit(rows, [.base], temperature: 0), [.base]).completions
        let ones = Policy.svf(ExpertVector(layout: model.layout(), repeating: 1))
        let svf = try model.engine.run(unit(rows, [ones], temperature: 0), [ones]).completions
        #expect(base.map(\.tokens) == svf.map(\.tokens))
    }
}
