import T2Core
import T2Formats
import T2Engine
import T2TestSupport
import Testing

@Suite("A unit under LoRA")
struct LoRAUnitTests {
    private let model: ReferenceModel
    private let vector: ExpertVector
    private var policy: Policy { .lora(vector) }

    init() throws {
        model = try ReferenceModel()
        vector = try PEFTFolder(path: LoRAFixture.folder("grouped-tied", .all), for: model.folder).vector
    }

    @Test("is sampled merged, scored apart, and the two agree; any lane gives the same bits")
    func computed() throws {
        let unit = model.unit(policy)
        let output = try model.engine.run(unit, [policy])
        #expect(output.gradient?.count == vector.layout.count)
        #expect(output.gradient?.contains { $0 != 0 } == true)
        #expect(output.statistics.largestLogProbabilityDifference < 1e-4)
        #expect(output.statistics.kl ?? 0 > 0)
        // After work under scales z, on a lane and with adapters that hold both.
        let lane = model.lane
        let scales = Policy.svf(model.vector())
        _ = try model.engine.run(model.unit(scales), [scales], on: lane)
        #expect(try model.engine.run(unit, [policy], on: lane).untimed == output.untimed)
    }

    @Test("whose factors do not fit the model fails alone, and says why")
    func misfit() throws {
        let entries = vector.layout.entries.map { entry in
            ExpertLayout.Entry(name: entry.name.replacing("layers.1.", with: "layers.5."), count: entry.count)
        }
        let foreign = Policy.lora(ExpertVector(layout: ExpertLayout(entries: entries), values: vector.values))
        let error = #expect(throws: InputError.self) { try model.engine.run(model.unit(foreign), [foreign]) }
        #expect(error?.description.contains("model.layers.5.") == true)
        #expect(try model.engine.run(model.unit(policy), [policy]).gradient != nil)
    }

    @Test("has no other policy beside it: a batch has one adapter", arguments: [Policy.Kind.base, .svf, .lora])
    func mixed(kind: Policy.Kind) throws {
        var other = vector
        other.values[0] += 1
        let second: Policy =
            switch kind {
            case .base: .base
            case .svf: .svf(model.vector())
            case .lora: .lora(other)
            }
        let unit = model.unit(policy, advantage: nil)
        let both = WorkUnit(
            key: unit.key, seed: unit.seed, problems: unit.problems, problemIndices: unit.problemIndices,
            sequences: [.init(problem: 0, policy: 0), .init(problem: 1, policy: 1)],
            policies: [policy.digest, second.digest], sampling: unit.sampling)
        let error = #expect(throws: UnitError.self) { try model.engine.run(both, [policy, second]) }
        #expect(error?.category == .unsuitableLease)
        #expect(error?.description.contains("Give it a unit of its own.") == true)
    }
}
