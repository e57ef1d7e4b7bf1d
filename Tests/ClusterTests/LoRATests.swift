import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("Training LoRA", .serialized)
struct LoRATests {
    private static let lora = ["--adapter", "lora", "--rank", "4", "--set", "learning-rate=1e-3"]
    private static let weights = "expert-last/adapter_model.safetensors"

    /// An undisturbed run with one worker of one lane.
    private static let reference = Task { () throws -> Digest in
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(extra: lora)
        let worker = try cluster.worker(try await cluster.endpoint(coordinator), name: "only")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(try cluster.recordedSteps() == [1, 2, 3])
        try checkResult(cluster, coordinator.text)
        return try cluster.digest(weights)
    }

    /// What a run says and leaves: PEFT folders of this base model, changed from their start, that t2 runs.
    private static func checkResult(_ cluster: Cluster, _ text: String) throws {
        // 4·(N + M) of each matrix: q and o 192 × 192, k and v 64 × 192, gate, up and down 512 × 192.
        #expect(text.contains("LoRA: 54272 values in 28 matrices (all), rank 4, scale alpha/rank = 2.0"), "\(text)")
        #expect(text.contains("A and B to each worker, 212.0 KiB"), "\(text)")
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder + "/expert-last.safetensors"))
        let model = try BaseModelFolder(path: Cluster.model)
        for name in ["expert-best", "expert-last"] {
            let folder = try PEFTFolder(path: "\(cluster.runFolder)/\(name)", for: model)
            #expect(folder.description.modelDigest == model.digest && folder.description.task == "gsm-mini")
            #expect(folder.layout.matrices.count == 28 && folder.parameters.count == 54272)
        }
        let last = try PEFTFolder(path: cluster.runFolder + "/expert-last")
        #expect(
            last.layout.matrices.indices.allSatisfy { last.parameters[last.layout.range($0, .b)].contains { $0 != 0 } })
        // Three steps of AdamW at 1e-3 move no number further than about 3e-3.
        #expect(
            last.layout.matrices.indices.allSatisfy {
                last.parameters[last.layout.range($0, .b)].allSatisfy { abs($0) < 4e-3 }
            })
    }

    @Test("two workers give the bytes of one")
    func twoWorkers() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(extra: Self.lora)
        let endpoint = try await cluster.endpoint(coordinator)
        let workers = try (1...2).map { try cluster.worker(endpoint, lanes: $0, name: "worker-\($0)") }
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        for worker in workers { #expect(await worker.status(seconds: 30) == 0, "\(worker.text)") }
        #expect(try cluster.digest(Self.weights) == (try await Self.reference.value))
    }

    @Test("kill -9 of the coordinator and --resume give the same bytes, and every step once")
    func resumed() async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator(extra: Self.lora)
        let endpoint = try await cluster.endpoint(first)
        first.signal(SIGKILL, atLineContaining: "1/3")
        let worker = try cluster.worker(endpoint, name: "patient")
        #expect(await first.status() == -SIGKILL, "\(first.text)")
        let second = try cluster.coordinator(bind: endpoint, resume: true)
        #expect(await second.status() == 0, "\(second.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(try cluster.recordedSteps() == [1, 2, 3])
        #expect(try cluster.digest(Self.weights) == (try await Self.reference.value))
    }

    @Test(
        "flags that do not go together are refused, each with its place, and nothing is left behind",
        arguments: [
            (["--rank", "8"], "--rank: rank: 8 was given, but adapter is svf"),
            (["--set", "alpha=8"], "--set alpha=8: alpha: 8.0 was given, but adapter is svf"),
            (["--adapter", "lora", "--rank", "0"], "--rank: rank: expected 1 to 64"),
            (["--adapter", "lora", "--rank", "65"], "--rank: rank: expected 1 to 64"),
            (
                ["--adapter", "lora", "--rank", "four"],
                "--rank: rank: expected a whole number of 1 or more, found 'four'"
            ),
            (["--adapter", "lora", "--alpha=-1"], "--alpha: alpha: expected a number above 0, found -1"),
            (["--adapter", "lora", "--set", "parameterisation=sigmoid"], "is a form of z"),
            (["--adapter", "lors"], "expected one of svf, lora, found 'lors'. Did you mean 'lora'?"),
        ])
    func badFlags(flags: [String], message: String) async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(extra: flags)
        #expect(
            await coordinator.status(seconds: 60) == T2Core.ExitStatus.configuration.rawValue, "\(coordinator.text)")
        #expect(coordinator.text.contains(message), "\(coordinator.text)")
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test("a run of one adapter is not resumed with another")
    func otherAdapter() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let first = try cluster.coordinator(model, extra: ["--local-workers", "1", "--adapter", "lora"])
        #expect(await first.status() == 0, "\(first.text)")
        let second = try cluster.coordinator(resume: true, extra: ["--rank", "2", "--steps", "2"])
        #expect(await second.status(seconds: 60) == T2Core.ExitStatus.configuration.rawValue, "\(second.text)")
        #expect(second.text.contains("rank was 16, is 2"), "\(second.text)")
    }
}
