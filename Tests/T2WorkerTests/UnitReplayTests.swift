import Foundation
import T2Core
import T2Formats
import T2Transport
import Testing

@testable import T2Worker

@Suite("A saved unit, computed again from its folder")
struct UnitReplayTests {
    let model: ReferenceModel
    let vector: ExpertVector

    init() throws {
        model = try ReferenceModel()
        vector = model.vector()
    }

    private func replay(_ lease: Lease, _ answer: Message?) throws -> UnitReplay.Outcome {
        let folder = NSTemporaryDirectory() + "t2-evidence-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let policy = ExpertFile(
            description: .init(
                modelDigest: model.folder.digest, task: "t", parameterisation: "direct", step: 3, seed: 1),
            vector: vector)
        try UnitEvidence(lease: lease, policy: policy, answer: answer).write(to: folder)
        let evidence = try UnitEvidence(folder: folder, model: model.folder)
        return try UnitReplay(models: model.models, tokenizer: model.tokenizer).run(evidence)
    }

    @Test("gives the gradient that the worker sent, bit for bit, and its sums", arguments: [Float(1), 0.7])
    func finite(temperature: Float) async throws {
        let lease = model.lease(vector: vector, temperature: temperature)
        let result = try await model.worker().compute(model.work(lease, vector), on: model.lane)
        guard case .gradient(let gradient) = try replay(lease, .result(result)) else {
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
        let lease = model.overflowingLease(vector)
        let worker = try await model.worker()
        let failure = #expect(throws: RolloutFailure.self) {
            _ = try worker.compute(model.work(lease, vector), on: model.lane)
        }
        let report = ErrorReport(
            unit: lease.unit, attempt: 1, category: "non-finite", message: "m", rollouts: failure?.rollouts ?? [])
        #expect(!report.rollouts.isEmpty)
        let again = #expect(throws: UnitError.self) { _ = try replay(lease, .error(report)) }
        #expect(again == failure?.cause)
        #expect(again?.description.contains("the gradient of 'model.layers.") == true)
    }

    @Test("names the token whose numbers are not finite first")
    func nonFiniteToken() async throws {
        let lease = model.lease(vector: vector)
        var result = try await model.worker().compute(model.work(lease, vector), on: model.lane)
        result.rollouts[1].logProbabilities[2] = .nan
        result.rollouts[3].logProbabilities[0] = .nan
        let error = #expect(throws: UnitError.self) { _ = try replay(lease, .result(result)) }
        #expect(
            error?.description.contains(
                "the loss of token 2 (identifier \(result.rollouts[1].tokens[2])) of rollout 1 (problem problem-0, sample 1), "
                    + "whose log-probability when sampled is nan, holds a NaN") == true)
    }

    @Test("samples again if there are no rollouts, as far as the worker came")
    func sampling() async throws {
        let lease = model.lease(vector: vector)
        let result = try await model.worker().compute(model.work(lease, vector), on: model.lane)
        guard case .completions(let count, let tokens) = try replay(lease, nil) else {
            Issue.record("expected completions")
            return
        }
        #expect(count == 4 && tokens == result.statistics.completionTokens)
    }

    @Test("is refused if its z is not the lease's, or its rollouts are not")
    func foreign() async throws {
        var lease = model.lease(vector: vector)
        let result = try await model.worker().compute(model.work(lease, vector), on: model.lane)
        var fewer = result
        fewer.rollouts.removeLast()
        var error = #expect(throws: InputError.self) { _ = try replay(lease, .result(fewer)) }
        #expect(error?.description.contains("not those that its lease asks for") == true)
        lease.vector = Digest(of: "another")
        error = #expect(throws: InputError.self) { _ = try replay(lease, .result(result)) }
        #expect(error?.description.contains("z.safetensors: has digest") == true)
    }
}
