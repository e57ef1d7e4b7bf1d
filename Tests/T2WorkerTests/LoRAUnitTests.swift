import Foundation
import T2Core
import T2Formats
import T2TestSupport
import T2Transport
import Testing

@testable import T2Worker

@Suite("A unit under LoRA")
struct LoRAUnitTests {
    private let model: ReferenceModel
    private let vector: ExpertVector

    init() throws {
        model = try ReferenceModel()
        vector = try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all), for: model.folder).vector
    }

    @Test("is sampled merged, scored apart, and the two agree; any lane gives the same bits")
    func computed() async throws {
        let worker = try await model.worker()
        let lease = model.lease(vector: vector)
        let result = try worker.compute(model.work(lease, vector), on: model.lane)
        #expect(result.gradient?.count == vector.layout.count)
        #expect(result.gradient?.contains { $0 != 0 } == true)
        #expect(result.statistics.largestLogProbabilityDifference < 1e-4)
        #expect(result.statistics.kl > 0)
        // After work under scales z, on a lane and for a worker that know both.
        let lane = model.lane
        let scales = model.vector()
        _ = try worker.compute(model.work(model.lease(vector: scales), scales), on: lane)
        #expect(try worker.compute(model.work(lease, vector), on: lane).untimed == result.untimed)
    }

    @Test("is replayed from its folder to the same bits")
    func replayed() async throws {
        let lease = model.lease(vector: vector)
        let result = try await model.worker().compute(model.work(lease, vector), on: model.lane)
        let folder = try TemporaryFolder()
        let policy = ExpertFile(
            description: .init(modelDigest: model.folder.digest, task: "t", parameterisation: "lora", step: 3, seed: 1),
            vector: vector)
        try UnitEvidence(lease: lease, policy: policy, answer: .result(result)).write(to: folder.path)
        let evidence = try UnitEvidence(folder: folder.path, model: model.folder)
        #expect(evidence.policy.vector == vector)
        let replay = UnitReplay(models: model.models, tokenizer: model.tokenizer)
        guard case .gradient(let gradient) = try replay.run(evidence) else {
            Issue.record("expected a gradient")
            return
        }
        #expect(gradient.digest == result.gradient.map { Digest(of: $0) })
    }

    @Test("whose factors do not fit the model fails alone, and says why")
    func misfit() async throws {
        let entries = vector.layout.entries.map { entry in
            ExpertLayout.Entry(name: entry.name.replacing("layers.1.", with: "layers.5."), count: entry.count)
        }
        let foreign = ExpertVector(layout: ExpertLayout(entries: entries), values: vector.values)
        let worker = try await model.worker()
        let error = #expect(throws: InputError.self) {
            try worker.compute(model.work(model.lease(vector: foreign), foreign), on: model.lane)
        }
        #expect(error?.description.contains("model.layers.5.") == true)
        #expect(try worker.compute(model.work(model.lease(vector: vector), vector), on: model.lane).gradient != nil)
    }
}
