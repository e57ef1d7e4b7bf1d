import Foundation
import T2Core
import T2Engine
import T2Formats
import T2Model
import T2TestSupport
import Testing

@Suite("The memory that a model needs")
struct MemoryEstimateTests {
    private static let work = Workload(RunConfiguration(), promptTokens: 100)

    private func model(_ size: String) throws -> ModelConfiguration {
        try ModelConfiguration(path: Repository.path + "/scripts/bench/shapes/llama-3-\(size).json")
    }

    @Test("has the shared parts that follow from the shape")
    func parts() throws {
        // 1,000 tokens, hidden 8, feed-forward 16, 2 layers, 2 heads of 4, of which 1 for keys and values, 32 positions.
        let model = ModelConfiguration(
            vocabularySize: 1000, hiddenSize: 8, intermediateSize: 16, layerCount: 2, headCount: 2,
            keyValueHeadCount: 1, headSize: 4, normEpsilon: 1e-5, ropeTheta: 10_000, contextLength: 32,
            tiedEmbeddings: false, beginningOfSequence: nil, endOfSequence: [])
        let matrices = 2 * (8 * 8 + 2 * 4 * 8 + 8 * 8 + 3 * 16 * 8)
        let full = MemoryEstimate(model, .float32, targets: .all)
        #expect(full[.weights] == 4 * matrices)
        // Embedding, head and the head's transpose.
        #expect(full[.head] == 4 * 3 * 8000)
        #expect(full[.tables] == 4 * (32 * 4 + 5 * 8))
        // U and V of query, key, value, output, gate, up and down; V is also in its file.
        let values = 2 * (8 * 8 + 2 * 4 * 8 + 8 * 8 + 2 * 8 * 8 + 8 * 16)
        #expect(full[.factors] == 4 * 2 * (8 * 16 + 2 * 4 * 12 + 8 * 16 + 3 * 8 * 24))
        #expect(full[.factorFiles] == 4 * values)
        let half = MemoryEstimate(model, .bfloat16, targets: .attention)
        #expect(half[.weights] == 2 * matrices && half[.head] == 2 * 8000 && half[.factors] == 0)
        // U and V of query, key, value and output.
        #expect(half[.factorFiles] == 2 * 2 * (8 * 16 + 2 * 4 * 12 + 8 * 16))
        #expect(MemoryEstimate(model, .bfloat16, targets: nil)[.factorFiles] == 0)
        #expect(full.necessary == full[.weights] + full[.head] + full[.tables])
    }

    @Test("counts the weights that the files of a real model hold", arguments: ModelFixture.names)
    func files(name: String) throws {
        let folder = try BaseModelFolder(path: ModelFixture.folder(name))
        let stored = folder.files.reduce(0) { $0 + $1.tensors.values.reduce(0) { $0 + $1.count } }
        #expect(folder.configuration.weightCount == stored)
    }

    @Test("of Llama-3-8B in bf16 fits 64 GiB, in f32 and of 70B it does not")
    func large() throws {
        let small = MemoryEstimate(try model("8b"), .bfloat16, lanes: 1, threads: 16, Self.work)
        #expect(small.resident < 48 << 30 && small.necessary > 13 << 30)
        #expect(MemoryEstimate(try model("8b"), .float32, lanes: 1, threads: 1, Self.work).resident > 64 << 30)
        #expect(MemoryEstimate(try model("70b"), .bfloat16, lanes: 1, threads: 16, Self.work).necessary > 128 << 30)
    }

    @Test("grows with lanes, sequences and target modules, and is largest for f32")
    func growth() throws {
        func resident(_ lanes: Int = 2, _ change: (inout Workload) -> Void = { _ in }) throws -> Int {
            var work = Self.work
            change(&work)
            return MemoryEstimate(try model("8b"), .bfloat16, lanes: lanes, threads: 8, work).resident
        }
        let usual = try resident()
        #expect(try resident(3) > usual)
        #expect(try resident { $0.promptTokens = 4000 } > usual)
        #expect(try resident { $0.promptsPerUnit = 1 } < usual)
        #expect(try resident { $0.targets = .attention } < usual)
        let full = MemoryEstimate(try model("8b"), .float32, lanes: 2, threads: 8, Self.work)
        #expect(full.resident > usual)
        #expect(full.peak == full.resident + full[.modelFile] + full[.factorFiles])
    }

    @Test(
        "refuses a model before it is loaded if memory cannot hold it, with what it needs, what there is, and a remedy")
    func refusal() throws {
        let folder = try BaseModelFolder(path: ModelFixture.folder("grouped-tied"))
        let needed = MemoryEstimate(folder.configuration, .float32, targets: nil).necessary
        func load(_ bytes: Int?) throws {
            let resources = MachineResources(cores: 1, availableMemory: 1, reachableMemory: bytes)
            _ = try BaseModel(fitting: folder, resources: resources)
        }
        // What is available without disturbing others does not count: swap and caches can give way.
        try load(needed)
        let error = #expect(throws: InputError.self) { try load(needed - 1) }
        #expect(error?.exitStatus == .unavailable)
        for text in [folder.path, "f32", "weights ", "head ", "MiB", "more memory"] {
            #expect(error?.description.contains(text) == true)
        }
    }
}
