import Foundation
import T2Core
import T2TestSupport
import Testing

/// Evaluations of 96 problems: three units of a pass.
@Suite("Evaluation on a cluster", .serialized)
struct ClusterEvaluationTests {
    private static let experts = Repository.path + "/experts/tiny"

    private static func options(_ strategy: [String], records: String) -> [String] {
        [
            "eval", "--model", Cluster.model, "--task", "gsm-mini", "--limit", "96", "--max-tokens", "40", "--seed",
            "5",
            "--records", records,
        ] + strategy
    }

    private static func evaluate(
        _ cluster: Cluster, _ strategy: [String], bind: String = "tcp://127.0.0.1:0", extra: [String] = []
    ) throws -> RunningProgram {
        let place = ["--run-dir", cluster.runFolder, "--bind", bind]
        return try RunningProgram(
            "t2-coord", options(strategy, records: cluster.folder + "/records.jsonl") + place + extra)
    }

    /// The records that `t2 eval` writes on this machine alone.
    private static func alone(_ cluster: Cluster, _ strategy: [String]) async throws -> String {
        let path = cluster.folder + "/alone.jsonl"
        let program = try RunningProgram("t2", options(strategy, records: path))
        #expect(await program.status() == 0, "\(program.text)")
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    private static func records(_ cluster: Cluster) throws -> String {
        try String(contentsOfFile: cluster.folder + "/records.jsonl", encoding: .utf8)
    }

    @Test(
        "finds the answers of one machine, to the byte",
        arguments: [
            [], ["--expert", experts + "/math.safetensors"], ["--expert", experts + "/lora-math"],
            ["--temperature", "1"], ["--experts", experts, "--strategy", "prompt"],
            ["--experts", experts, "--strategy", "cls-expert"], ["--experts", experts, "--strategy", "random"],
        ])
    func sameRecords(strategy: [String]) async throws {
        let cluster = try Cluster()
        let coordinator = try Self.evaluate(cluster, strategy, extra: ["--local-workers", "2", "--json"])
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(try Self.records(cluster) == (try await Self.alone(cluster, strategy)))
        #expect(coordinator.text.contains(#""n":96,"#), "\(coordinator.text)")
    }

    @Test("keeps what the first pass answered")
    func dispatch() async throws {
        let cluster = try Cluster()
        let options = ["--experts", Self.experts, "--strategy", "cls-expert"]
        let coordinator = try Self.evaluate(cluster, options, extra: ["--local-workers", "2"])
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        // What the first pass answered is kept, without a judgement.
        for (phase, count) in [([], 96), (["--phase", "classification"], 96), (["--phase", "train"], 0)] {
            let rollouts = try RunningProgram(
                "t2-coord", ["rollouts", "--run-dir", cluster.runFolder, "--json", "--limit", "1000"] + phase)
            #expect(await rollouts.status(seconds: 60) == 0, "\(rollouts.text)")
            #expect(rollouts.lines.count { $0.hasPrefix("{") } == count)
            #expect(rollouts.text.contains("no completions match") == (count == 0))
        }
    }

    @Test("searches the mixture first where that is the strategy")
    func fewShot() async throws {
        let cluster = try Cluster()
        let options = ["--experts", Self.experts, "--strategy", "few-shot", "--shots", "2"]
        let coordinator = try Self.evaluate(cluster, options, extra: ["--local-workers", "2"])
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(coordinator.text.contains("mixture"), "\(coordinator.text)")
        #expect(try Self.records(cluster) == (try await Self.alone(cluster, options)))
    }

    @Test("goes on after kill -9 of a worker and of the coordinator, and refuses another evaluation's folder")
    func killed() async throws {
        let cluster = try Cluster()
        let strategy = ["--expert", Self.experts + "/math.safetensors"]
        let first = try Self.evaluate(cluster, strategy)
        let endpoint = try await cluster.endpoint(first)
        let victim = try cluster.worker(endpoint, name: "victim")
        victim.signal(SIGKILL, atLineContaining: "unit")
        #expect(await victim.status() == -SIGKILL, "\(victim.text)")
        first.signal(SIGKILL, atLineContaining: "patient")
        let worker = try cluster.worker(endpoint, name: "patient")
        #expect(await first.status() == -SIGKILL, "\(first.text)")
        let other = try Self.evaluate(cluster, [], extra: ["--resume"])
        #expect(await other.status() == 78, "\(other.text)")
        #expect(
            other.text.contains("belongs to an evaluation that was started with other expert"),
            "\(other.text)")
        let second = try Self.evaluate(cluster, strategy, bind: endpoint, extra: ["--resume"])
        #expect(await second.status() == 0, "\(second.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(try Self.records(cluster) == (try await Self.alone(cluster, strategy)))
    }

    @Test(
        "what cannot be evaluated is refused before anything is made",
        arguments: [
            (["--strategy", "cls-expert"], Int32(64), "needs --experts DIR"),
            (["--strategy", "clever"], 64, "neither a strategy nor a file"),
            (["--limit", "0"], 64, "--limit is 0"),
            (["--expert", "/nonexistent.safetensors"], 66, "/nonexistent.safetensors"),
        ])
    func refusals(extra: [String], status: Int32, text: String) async throws {
        let cluster = try Cluster()
        let program = try Self.evaluate(cluster, extra)
        #expect(await program.status(seconds: 60) == status, "\(program.text)")
        #expect(program.text.contains(text), "\(program.text)")
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }
}
