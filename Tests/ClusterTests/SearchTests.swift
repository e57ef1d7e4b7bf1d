import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

/// A search that is small enough for a test: 2 iterations of 8 candidates on 10 shots, in 2 units each and one for every
/// candidate whose likelihood counts.
@Suite("Few-shot search on a cluster", .serialized)
struct SearchTests {
    private static func options(_ output: String, method: String = "cem", shots: Int = 10) -> [String] {
        [
            "adapt", "--model", Cluster.model, "--experts", Repository.path + "/experts/tiny", "--task", "math-mini",
            "--shots", String(shots), "--population", "8", "--iterations", "2", "--seed", "5", "--max-tokens", "40",
            "--method", method, "--output", output,
        ]
    }

    /// What `t2 adapt` writes on this machine alone, by method.
    private static let references = Task { () throws -> [String: Files] in
        var found: [String: Files] = [:]
        for method in ["cem", "random", "gradient"] {
            let cluster = try Cluster()
            let output = cluster.folder + "/alone.safetensors"
            let program = try RunningProgram("t2", options(output, method: method))
            #expect(await program.status() == 0, "\(program.text)")
            found[method] = try Files(output)
        }
        return found
    }

    private struct Files: Equatable {
        let expert: Digest
        let trace: Digest

        init(_ output: String) throws {
            expert = try MappedFile(path: output).withBytes { Digest(of: $0) }
            trace = try MappedFile(path: output.replacingOccurrences(of: ".safetensors", with: ".trace.jsonl"))
                .withBytes { Digest(of: $0) }
        }
    }

    private static func search(
        _ cluster: Cluster, method: String = "cem", bind: String = "tcp://127.0.0.1:0", extra: [String] = []
    ) throws -> (program: RunningProgram, output: String) {
        let output = cluster.folder + "/mixed.safetensors"
        let place = ["--run-dir", cluster.runFolder, "--bind", bind]
        return (try RunningProgram("t2-coord", options(output, method: method) + place + extra), output)
    }

    @Test(
        "one worker finds what one machine finds, α, trace and file, to the last bit",
        arguments: ["cem", "random", "gradient"])
    func oneWorker(method: String) async throws {
        let cluster = try Cluster()
        let (coordinator, output) = try Self.search(cluster, method: method, extra: ["--local-workers", "1"])
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(try Files(output) == (try #require(try await Self.references.value[method])))
    }

    @Test("three workers, one of them killed with a unit in its hands, find the same")
    func killedWorker() async throws {
        let cluster = try Cluster()
        let (coordinator, output) = try Self.search(cluster)
        let endpoint = try await cluster.endpoint(coordinator)
        let victim = try cluster.worker(endpoint, name: "victim")
        victim.signal(SIGKILL, atLineContaining: "unit")
        #expect(await victim.status() == -SIGKILL, "\(victim.text)")
        let others = try (1...2).map { try cluster.worker(endpoint, lanes: $0, name: "worker-\($0)") }
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        for worker in others { #expect(await worker.status(seconds: 30) == 0, "\(worker.text)") }
        #expect(try Files(output) == (try #require(try await Self.references.value["cem"])))
    }

    @Test("kill -9 of the coordinator and --resume find the same, and no other search goes on in its folder")
    func killedCoordinator() async throws {
        let cluster = try Cluster()
        let (first, output) = try Self.search(cluster)
        let endpoint = try await cluster.endpoint(first)
        first.signal(SIGKILL, atLineContaining: "iteration 1/2")
        // It outlives the coordinator and finds the next one at the same address.
        let worker = try cluster.worker(endpoint, name: "patient")
        #expect(await first.status() == -SIGKILL, "\(first.text)")
        let (other, _) = try Self.search(cluster, method: "random", extra: ["--resume"])
        #expect(await other.status() == ExitStatus.configuration.rawValue, "\(other.text)")
        #expect(other.text.contains("belongs to a search that was started with other method"), "\(other.text)")
        let training = try cluster.coordinator(extra: ["--resume"])
        #expect(await training.status() == ExitStatus.configuration.rawValue, "\(training.text)")
        #expect(training.text.contains("holds a search, not a training run"), "\(training.text)")
        let (again, _) = try Self.search(cluster)
        #expect(await again.status() == ExitStatus.cannotCreate.rawValue, "\(again.text)")
        let (second, _) = try Self.search(cluster, bind: endpoint, extra: ["--resume"])
        #expect(await second.status() == 0, "\(second.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(try Files(output) == (try #require(try await Self.references.value["cem"])))
    }

    @Test("what cannot be searched on a cluster is refused before anything is made")
    func refusals() async throws {
        let cluster = try Cluster()
        let output = cluster.folder + "/mixed.safetensors"
        func refusal(_ arguments: [String]) async throws -> (status: Int32?, text: String) {
            let program = try RunningProgram("t2-coord", arguments + ["--run-dir", cluster.runFolder])
            return (await program.status(seconds: 60), program.text)
        }
        let unknown = try await refusal(Self.options(output, method: "annealing"))
        #expect(unknown.status == ExitStatus.usage.rawValue, "\(unknown.text)")
        let greedy = try await refusal(Self.options(output, shots: 1_000_000))
        #expect(greedy.status == ExitStatus.usage.rawValue, "\(greedy.text)")
        #expect(greedy.text.contains("1000000 shots were asked for, and there are"), "\(greedy.text)")
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test("without workers it waits, says how to start one, and leaves at SIGTERM ready for --resume")
    func noWorkers() async throws {
        let cluster = try Cluster()
        let (coordinator, output) = try Self.search(cluster)
        _ = try await cluster.endpoint(coordinator)
        #expect(coordinator.text.contains("more workers: t2-worker join tcp://127.0.0.1:"), "\(coordinator.text)")
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(coordinator.text.contains("continue with the same command, --resume"), "\(coordinator.text)")
        #expect(!FileManager.default.fileExists(atPath: output))
    }
}
