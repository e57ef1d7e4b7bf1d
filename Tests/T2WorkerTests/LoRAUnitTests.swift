import Foundation
import T2Core
import T2Engine
import T2Formats
import T2TestSupport
import T2Transport
import T2Worker
import Testing

@Suite("A unit under LoRA")
struct LoRAUnitTests {
    private let model: ReferenceModel
    private let policy: Policy
    private let vector: ExpertVector

    init() throws {
        model = try ReferenceModel()
        policy = .lora(try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all), for: model.folder).vector)
        vector = try #require(policy.vector)
    }

    @Test("is sampled merged, scored apart, and the two agree; any lane gives the same bits")
    func computed() async throws {
        let lease = model.lease(under: policy)
        let result = try model.compute(model.work(lease, policy))
        #expect(result.gradient?.count == vector.layout.count)
        #expect(result.gradient?.contains { $0 != 0 } == true)
        #expect(result.statistics.largestLogProbabilityDifference < 1e-4)
        #expect(result.statistics.kl ?? 0 > 0)
        // After work under scales z, on a lane and for a worker that know both.
        let lane = model.lane
        let scales = model.policy()
        _ = try model.compute(model.work(model.lease(under: scales), scales), on: lane)
        #expect(try model.compute(model.work(lease, policy), on: lane).untimed == result.untimed)
    }

    @Test("is replayed from its folder to the same bits")
    func replayed() async throws {
        let lease = model.lease(under: policy)
        let result = try model.compute(model.work(lease, policy))
        let folder = try TemporaryFolder()
        let sent = UnitResult(unit: lease.unit, attempt: 1, epoch: 7, output: result)
        try UnitEvidence(
            lease: lease, policies: [policy], description: .init(modelDigest: model.folder.digest),
            answer: .result(sent)
        ).write(to: folder.path)
        let evidence = try UnitEvidence(folder: folder.path, model: model.folder)
        #expect(evidence.policies == [policy])
        let replay = UnitReplay(model.computer())
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
        let foreign = Policy.lora(ExpertVector(layout: ExpertLayout(entries: entries), values: vector.values))
        let error = #expect(throws: InputError.self) {
            try model.compute(model.work(model.lease(under: foreign), foreign))
        }
        #expect(error?.description.contains("model.layers.5.") == true)
        #expect(try model.compute(model.work(model.lease(under: policy), policy)).gradient != nil)
    }
}
