import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("Several experts trained at once", .serialized)
struct SeveralRunsTests {
    private static let tasks = ["gsm-mini", "arc-mini", "math-mini"]

    /// A configuration file for each task, of a short run.
    private static func configurations(_ cluster: Cluster) throws -> [String] {
        try tasks.map { task in
            let path = "\(cluster.folder)/\(task).yaml"
            let text = """
                model: \(Cluster.model)
                task: \(task)
                steps: 2
                seed: 5
                prompts-per-step: 12
                prompts-per-unit: 4
                max-tokens: 24
                validation-problems: 12
                evaluate-every: 2
                """
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

    private static func start(_ configurations: [String], _ folder: String, _ extra: [String] = []) throws
        -> RunningProgram
    {
        try RunningProgram(
            "t2-coord",
            ["start", "--bind", "tcp://127.0.0.1:0", "--run-dir", folder] + configurations.flatMap { ["--config", $0] }
                + extra)
    }

    private static func experts(_ folders: [String]) throws -> [Data] {
        try folders.map { try Data(contentsOf: URL(filePath: $0 + "/expert-last.safetensors")) }
    }

    private static func alone(_ cluster: Cluster, _ configurations: [String]) async throws -> [Data] {
        var folders: [String] = []
        for (task, file) in zip(tasks, configurations) {
            folders.append("\(cluster.folder)/alone/\(task)")
            let run = try start([file], folders[folders.count - 1], ["--local-workers", "1"])
            #expect(await run.status() == 0, "\(run.text)")
        }
        return try experts(folders)
    }

    @Test("give each expert the bytes of its own run, also after kill -9 of a worker and of the coordinator")
    func sameBytes() async throws {
        let cluster = try Cluster()
        let configurations = try Self.configurations(cluster)
        let expected = try await Self.alone(cluster, configurations)
        let first = try Self.start(configurations, cluster.runFolder, ["--shares", "2,1,1"])
        let endpoint = try await cluster.endpoint(first)
        // The folder of all runs stands for their coordinator.
        let status = try RunningProgram("t2-coord", ["status", "--run-dir", cluster.runFolder])
        #expect(await status.status(seconds: 60) == 0, "\(status.text)")
        #expect(Self.tasks.allSatisfy(status.text.contains), "\(status.text)")
        // No step begins before a worker is there, so this signal cannot come too late.
        first.signal(SIGKILL, atLineContaining: "step 1/2")
        let victim = try cluster.worker(endpoint, name: "victim")
        victim.signal(SIGKILL, atLineContaining: "arc-mini")
        let other = try cluster.worker(endpoint, name: "other")
        #expect(await first.status() == -SIGKILL, "\(first.text)")
        other.signal(SIGKILL)
        let second = try RunningProgram(
            "t2-coord",
            [
                "start", "--resume", "--run-dir", cluster.runFolder, "--bind", "tcp://127.0.0.1:0",
                "--local-workers", "2",
            ])
        #expect(await second.status() == 0, "\(second.text)")
        for task in Self.tasks { #expect(second.text.contains("\(task): finished after 2 steps"), "\(second.text)") }
        #expect(try Self.experts(Self.tasks.map { "\(cluster.runFolder)/\($0)" }) == expected)
        let third = try Self.start([], cluster.runFolder, ["--resume"])
        #expect(await third.status() == 0, "\(third.text)")
        #expect(third.text.contains("math-mini: this run is finished; nothing was changed"), "\(third.text)")
    }

    @Test("one that fails does not end the others, and the status tells")
    func oneFails() async throws {
        let cluster = try Cluster()
        var configurations = try Self.configurations(cluster)
        let impossible =
            try String(contentsOfFile: configurations[0], encoding: .utf8) + "\nlearning-rate: 1e30\nclip-norm: 1e30\n"
        configurations[0] = "\(cluster.folder)/impossible.yaml"
        try impossible.write(toFile: configurations[0], atomically: true, encoding: .utf8)
        let run = try Self.start(Array(configurations[..<2]), cluster.runFolder, ["--local-workers", "2"])
        #expect(await run.status() == ExitStatus.data.rawValue, "\(run.text)")
        #expect(run.text.contains("impossible: error: "), "\(run.text)")
        #expect(run.text.contains("arc-mini: finished after 2 steps"), "\(run.text)")
    }

    @Test("runs that do not fit together are refused before anything is made")
    func misfits() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let configurations = try Self.configurations(cluster)
        let twin = "\(cluster.folder)/copies/gsm-mini.yaml"
        try FileManager.default.createDirectory(atPath: cluster.folder + "/copies", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: configurations[0], toPath: twin)
        let foreign = "\(cluster.folder)/foreign.yaml"
        try cluster.writeProblems(["Add", "Bad"])
        try "model: \(model.path)\ntask: gsm-mini\ndata: \(cluster.folder)/data\nmax-tokens: 8\n".write(
            toFile: foreign, atomically: true, encoding: .utf8)
        for (files, extra, status, problem) in [
            ([configurations[0], twin], [], ExitStatus.usage, "would both have the run folder 'gsm-mini'"),
            (configurations, ["--shares", "1,2"], .usage, "has 2 numbers, expected 3"),
            (configurations, ["--shares", "1,0,2"], .usage, "--shares"),
            ([configurations[0], foreign], [], .configuration, "the base models differ"),
            ([], ["--resume"], .noInput, "holds no run"),
        ] {
            let run = try Self.start(files, cluster.runFolder, extra)
            #expect(await run.status() == status.rawValue, "\(run.text)")
            #expect(run.text.contains(problem), "\(run.text)")
            #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
        }
    }
}
