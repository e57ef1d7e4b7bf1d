import Foundation
import T2Core
import T2Formats
import T2Engine
import T2TestSupport
import Testing

@Suite("The number of lanes")
struct LanePlanTests {
    /// About 8 G parameters.
    private let large = ModelConfiguration(
        vocabularySize: 128_256, hiddenSize: 4096, intermediateSize: 14336, layerCount: 32, headCount: 32,
        keyValueHeadCount: 8, headSize: 128, normEpsilon: 1e-5, ropeTheta: 500_000, contextLength: 8192,
        tiedEmbeddings: false, beginningOfSequence: nil, endOfSequence: [])

    private func small() throws -> ModelConfiguration { try ReferenceModel().folder.configuration }

    @Test("is that of the cores for a small model")
    func cores() throws {
        let plan = LanePlan(
            requested: nil, resources: MachineResources(cores: 6, availableMemory: 4 << 30), model: try small(),
            type: .float32)
        #expect(plan.lanes == 6 && plan.reduction == nil)
    }

    @Test("is what memory holds beside the weights for a large one, and says why")
    func memory() throws {
        let shared = LanePlan.sharedBytes(large, .float32)
        #expect(shared > 4 * 3 * 6_900_000_000)
        let resources = MachineResources(cores: 64, availableMemory: shared + 3 * LanePlan.laneBytes(large) + 1)
        let plan = LanePlan(requested: nil, resources: resources, model: large, type: .float32)
        #expect(plan.lanes == 3)
        #expect(plan.reduction?.contains("64 cores") == true)
    }

    @Test(
        "is one for all cores where a large model in bfloat16 fills them, and more where there are more cores than its products use"
    )
    func shared() throws {
        let resources = MachineResources(cores: 48, availableMemory: 256 << 30)
        let plan = LanePlan(requested: nil, resources: resources, model: large, type: .bfloat16)
        #expect(plan.lanes == 1 && plan.threads == 48)
        let many = MachineResources(cores: 192, availableMemory: 256 << 30)
        let wide = LanePlan(requested: nil, resources: many, model: large, type: .bfloat16)
        #expect(wide.lanes == 3 && wide.threads == 64)
        #expect(LanePlan(requested: 2, cores: 8, resources: many, model: large, type: .bfloat16).threads == 4)
        #expect(LanePlan(requested: nil, resources: resources, model: try small(), type: .bfloat16).threads == 1)
    }

    @Test("is at least one, and the user's own choice is taken as it is")
    func extremes() {
        let poor = MachineResources(cores: 8, availableMemory: 1 << 20)
        #expect(LanePlan(requested: nil, resources: poor, model: large, type: .float32).lanes == 1)
        #expect(LanePlan(requested: 5, resources: poor, model: large, type: .float32).lanes == 5)
        let unknown = MachineResources(cores: 8, availableMemory: nil)
        #expect(LanePlan(requested: nil, resources: unknown, model: large, type: .float32).lanes == 8)
    }

    @Test(
        "follows the control group's quota and memory limit",
        arguments: [("max 100000", 16), ("250000 100000", 3), ("50000 100000", 1), ("3200000 100000", 16)])
    func controlGroup(quota: String, cores: Int) throws {
        let root = try TemporaryFolder()
        try root.write(quota + "\n", to: "sys/fs/cgroup/cpu.max")
        try root.write("1000000\n", to: "sys/fs/cgroup/memory.max")
        try root.write("400000\n", to: "sys/fs/cgroup/memory.current")
        // Half of what is used gives way, and more of the page cache at the very last; the rest of the statistics does not.
        try root.write(
            "anon 100000\nfile 300000\ninactive_file 200000\nactive_file 100000\n", to: "sys/fs/cgroup/memory.stat")
        try root.write("MemTotal: 9000 kB\nMemAvailable:   5000 kB\n", to: "proc/meminfo")
        #expect(
            MachineResources(root: root.path, processors: 16)
                == MachineResources(cores: cores, availableMemory: 800_000, reachableMemory: 900_000))
    }
}
