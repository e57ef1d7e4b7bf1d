import Foundation
import T2Core
import T2TestSupport
import Testing

/// Runs of the sigmoid parameterisation, for which the coordinator too decomposes the model.
@Suite("Every program with a cache of its own", .serialized)
struct FreshCacheTests {
    private struct Run {
        let cluster: Cluster
        let coordinator: RunningProgram
        let worker: RunningProgram

        /// Starts both and waits until both have left.
        init(_ cluster: Cluster, coordinatorCache: String, workerCache: String) async throws {
            self.cluster = cluster
            var arguments = [
                "start", "--run-dir", cluster.runFolder, "--bind", "tcp://127.0.0.1:0", "--model", Cluster.model,
                "--task", "gsm-mini", "--steps", "2", "--seed", "11",
            ]
            arguments += (Cluster.settings + ["parameterisation=sigmoid"]).flatMap { ["--set", $0] }
            coordinator = try RunningProgram("t2-coord", arguments, environment: ["T2_CACHE": coordinatorCache])
            worker = try RunningProgram(
                "t2-worker",
                ["join", try await cluster.endpoint(coordinator), "--model", Cluster.model, "--lanes", "2"],
                environment: ["T2_CACHE": workerCache])
            #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
            #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
            #expect(try cluster.recordedSteps() == [1, 2])
        }

        var digest: Digest {
            get throws { try cluster.digest("expert-last.safetensors") }
        }
    }

    private static func entries(_ cache: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: cache + "/decompositions").sorted()
    }

    @Test("a run with fresh caches, and one with a damaged entry, give the bytes of a run with a shared one")
    func sameBytes() async throws {
        let (first, second, third) = (try Cluster(), try Cluster(), try Cluster())
        let (shared, own, other) = (first.folder + "/cache", second.folder + "/own", second.folder + "/other")
        let reference = try await Run(first, coordinatorCache: shared, workerCache: shared)
        // What a program killed by kill -9 leaves.
        try FileManager.default.createDirectory(atPath: other + "/decompositions", withIntermediateDirectories: true)
        let left = other + "/decompositions/0123.safetensors.tmp-4711-1"
        _ = FileManager.default.createFile(atPath: left, contents: Data([1, 2, 3]))

        let fresh = try await Run(second, coordinatorCache: own, workerCache: other)
        #expect(try fresh.digest == reference.digest)
        let names = try Self.entries(shared)
        #expect(!names.isEmpty)
        #expect(try Self.entries(own) == names && Self.entries(other) == names)

        let path = URL(fileURLWithPath: "\(other)/decompositions/\(names[0])")
        let sound = try Data(contentsOf: path)
        var damaged = sound
        damaged[damaged.count / 2] ^= 1
        try damaged.write(to: path)
        let repaired = try await Run(third, coordinatorCache: own, workerCache: other)
        #expect(try repaired.digest == reference.digest)
        let warnings = repaired.worker.lines.filter { $0.contains("damaged") }
        #expect(warnings.count == 1 && warnings.first?.contains(names[0]) == true, "\(repaired.worker.text)")
        #expect(!repaired.coordinator.text.contains("damaged"))
        #expect(try Data(contentsOf: path) == sound)
    }
}
