import Foundation
import T2Core
import T2Engine
import T2Formats
import T2Transport
import T2Worker
import Testing

@Suite("A saved unit, computed again from its folder")
struct UnitReplayTests {
    let model: ReferenceModel
    let policy: Policy

    init() throws {
        model = try ReferenceModel()
        policy = model.policy()
    }

    private func replay(_ lease: Lease, _ answer: Message?) throws -> UnitReplay.Outcome {
        let folder = NSTemporaryDirectory() + "t2-evidence-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try UnitEvidence(
            lease: lease, policies: [policy], description: .init(modelDigest: model.folder.digest), answer: answer
        ).write(to: folder)
        let evidence = try UnitEvidence(folder: folder, model: model.folder)
        return try UnitReplay(model.computer()).run(evidence)
    }

    private func sent(_ output: UnitOutput, for lease: Lease) -> Message {
        .result(UnitResult(unit: lease.unit, attempt: 1, epoch: 7, output: output))
    }

    @Test("gives the gradient that the worker sent, bit for bit, and its sums", arguments: [Float(1), 0.7])
    func finite(temperature: Float) async throws {
        let lease = model.lease(under: policy, temperature: temperature)
        let result = try model.compute(model.work(lease, policy))
        guard case .gradient(let gradient) = try replay(lease, sent(result, for: lease)) else {
            Issue.record("expected a gradient")
            return
        }
        #expect(gradient.digest == result.gradient.map { Digest(of: $0) })
        #expect(gradient.policyLoss == result.statistics.policyLoss)
        #expect(gradient.kl == result.statistics.kl)
        #expect(gradient.klCoefficient == 0.1)
    }

    @Test("fails where the worker failed, from the rollouts of its report")
    func nonFiniteGradient() async throws {
        let lease = model.overflowingLease(policy)
        let failure = #expect(throws: CompletionFailure.self) {
            _ = try model.compute(model.work(lease, policy))
        }
        let report = ErrorReport(
            unit: lease.unit, attempt: 1, category: .nonFinite, message: "m", completions: failure?.completions ?? [])
        #expect(!report.completions.isEmpty)
        let again = #expect(throws: UnitError.self) { _ = try replay(lease, .error(report)) }
        #expect(again == failure?.cause)
        #expect(again?.description.contains("the gradient of 'model.layers.") == true)
    }

    @Test("names the token whose numbers are not finite first")
    func nonFiniteToken() async throws {
        let lease = model.lease(under: policy)
        var result = try model.compute(model.work(lease, policy))
        result.completions[1].logProbabilities[2] = .nan
        result.completions[3].logProbabilities[0] = .nan
        let error = #expect(throws: UnitError.self) { _ = try replay(lease, sent(result, for: lease)) }
        #expect(
            error?.description.contains(
                "the loss of token 2 (identifier \(result.completions[1].tokens[2])) of completion 1 (problem problem-0, sample 1), "
                    + "whose log-probability when sampled is nan, holds a NaN") == true)
    }

    @Test("samples again if there are no rollouts, as far as the worker came")
    func sampling() async throws {
        let lease = model.lease(under: policy)
        let result = try model.compute(model.work(lease, policy))
        guard case .completions(let count, let tokens) = try replay(lease, nil) else {
            Issue.record("expected completions")
            return
        }
        #expect(count == 4 && tokens == result.statistics.completionTokens)
    }

    @Test("is refused if its z is not the lease's, or its rollouts are not")
    func foreign() async throws {
        let lease = model.lease(under: policy)
        let result = try model.compute(model.work(lease, policy))
        var fewer = result
        fewer.completions.removeLast()
        var error = #expect(throws: InputError.self) { _ = try replay(lease, sent(fewer, for: lease)) }
        #expect(error?.description.contains("not those that its lease asks for") == true)
        let other = model.lease(under: .svf(ExpertVector(layout: model.layout(), repeating: 1)))
        error = #expect(throws: InputError.self) { _ = try replay(other, sent(result, for: other)) }
        #expect(error?.description.contains("policy-0.safetensors") == true)
    }
}
