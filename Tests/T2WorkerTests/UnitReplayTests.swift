import Foundation
import T2Core
import T2Formats
import T2Engine
import T2TestSupport
import T2Transport
import T2Worker
import Testing

@Suite("A saved unit, computed again from its folder")
struct UnitReplayTests {
    let model: ReferenceModel
    let policy: Policy

    init() throws {
        model = try ReferenceModel()
        policy = .svf(model.vector())
    }

    private func saved(_ lease: Lease, _ answer: Message?, _ policies: [Policy]? = nil) throws -> UnitEvidence {
        let folder = try TemporaryFolder()
        let description = ExpertFile.Description(
            modelDigest: model.folder.digest, task: "t", parameterisation: "direct", step: 3, seed: 1)
        try UnitEvidence(lease: lease, policies: policies ?? [policy], description: description, answer: answer)
            .write(to: folder.path)
        return try UnitEvidence(folder: folder.path, model: model.folder)
    }

    private func replay(
        _ unit: WorkUnit, _ answer: Message?, _ policies: [Policy]? = nil
    ) throws -> UnitReplay.Output {
        try UnitReplay(model.engine.computer()).run(try saved(Lease(unit), answer, policies))
    }

    private func result(_ unit: WorkUnit, _ policies: [Policy]? = nil) throws -> UnitResult {
        UnitResult(
            unit: unit.key, attempt: 1, epoch: 7, output: try model.engine.run(unit, policies ?? [policy]))
    }

    @Test("gives the gradient that the worker sent, bit for bit, and its sums", arguments: [Float(1), 0.7])
    func finite(temperature: Float) throws {
        let unit = model.unit(policy, temperature: temperature)
        let result = try result(unit)
        guard case .gradient(let gradient) = try replay(unit, .result(result)) else {
            Issue.record("expected a gradient")
            return
        }
        #expect(gradient.digest == result.output.gradient.map { Digest(of: $0) })
        #expect(gradient.policyLoss == result.output.statistics.policyLoss)
        #expect(gradient.kl == result.output.statistics.kl && gradient.kl != nil)
        #expect(gradient.klCoefficient == 0.1)
    }

    @Test("gives the same bits under LoRA, whose policy comes back as one")
    func lora() throws {
        let lora = Policy.lora(
            try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all), for: model.folder).vector)
        let unit = model.unit(lora)
        let result = try result(unit, [lora])
        let evidence = try saved(Lease(unit), .result(result), [lora])
        #expect(evidence.policies == [lora])
        guard case .gradient(let gradient) = try UnitReplay(model.engine.computer()).run(evidence) else {
            Issue.record("expected a gradient")
            return
        }
        #expect(gradient.digest == result.output.gradient.map { Digest(of: $0) })
    }

    @Test("keeps each policy of a batch, and answers under them again")
    func severalPolicies() throws {
        let policies = [Policy.base, policy, .svf(ExpertVector(layout: model.layout(.mlp), repeating: 1.1))]
        let single = model.unit(policy, advantage: nil)
        let unit = WorkUnit(
            key: single.key, seed: single.seed, problems: single.problems, problemIndices: single.problemIndices,
            sequences: (0..<6).map { .init(problem: $0 % 2, sample: $0, policy: $0 % 3) },
            policies: policies.map(\.digest), sampling: single.sampling)
        let result = try result(unit, policies)
        let evidence = try saved(Lease(unit), .result(result), policies)
        #expect(evidence.policies == policies)
        #expect(evidence.completions == result.output.completions)
        guard case .completions(let count, let tokens) = try UnitReplay(model.engine.computer()).run(evidence) else {
            Issue.record("expected completions")
            return
        }
        #expect(count == 6 && tokens == result.output.statistics.completionTokens)
    }

    @Test("fails where the worker failed, from the completions of its report")
    func nonFiniteGradient() throws {
        let unit = model.overflowingUnit(policy)
        let failure = #expect(throws: CompletionFailure.self) { try model.engine.run(unit, [policy]) }
        let report = ErrorReport(
            unit: unit.key, attempt: 1, category: .nonFinite, message: "m", completions: failure?.completions ?? [])
        #expect(!report.completions.isEmpty)
        let again = #expect(throws: UnitError.self) { _ = try replay(unit, .error(report)) }
        #expect(again == failure?.cause)
        #expect(again?.description.contains("the gradient of 'model.layers.") == true)
    }

    @Test("names the token whose numbers are not finite first")
    func nonFiniteToken() throws {
        let unit = model.unit(policy)
        var result = try result(unit)
        result.output.completions[1].logProbabilities[2] = .nan
        result.output.completions[3].logProbabilities[0] = .nan
        let error = #expect(throws: UnitError.self) { _ = try replay(unit, .result(result)) }
        #expect(
            error?.description.contains(
                "the loss of token 2 (identifier \(result.output.completions[1].tokens[2])) of completion 1 (problem "
                    + "problem-0, sample 1), whose log-probability when sampled is nan, holds a NaN") == true)
    }

    @Test("samples again if there are no completions, as far as the worker came")
    func sampling() throws {
        let unit = model.unit(policy)
        let result = try result(unit)
        guard case .completions(let count, let tokens) = try replay(unit, nil) else {
            Issue.record("expected completions")
            return
        }
        #expect(count == 4 && tokens == result.output.statistics.completionTokens)
    }

    @Test("is refused if its policy is not the lease's, or its completions are not")
    func foreign() throws {
        let unit = model.unit(policy)
        let result = try result(unit)
        var fewer = result
        fewer.output.completions.removeLast()
        var error = #expect(throws: InputError.self) { _ = try replay(unit, .result(fewer)) }
        #expect(error?.description.contains("do not match its lease") == true)
        let other = Policy.svf(ExpertVector(layout: model.layout(), repeating: 1))
        error = #expect(throws: InputError.self) { _ = try replay(model.unit(other), .result(result)) }
        #expect(error?.description.contains("policy-0.safetensors: has digest") == true)
    }
}
