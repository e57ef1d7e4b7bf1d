import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("Bad input to t2-coord and t2-worker")
struct CoordinatorInputTests {
    @Test("an unknown task is named with the nearest one, and nothing is left behind")
    func unknownTask() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(task: "gsm-mimi")
        #expect(await coordinator.status(seconds: 60) == ExitStatus.usage.rawValue, "\(coordinator.text)")
        #expect(coordinator.text.contains("gsm-mini"))
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test("an unknown key is named with the nearest one, whether in a file or in a flag", arguments: [true, false])
    func unknownKey(inFile: Bool) async throws {
        let cluster = try Cluster()
        let file = cluster.folder + "/wrong.yaml"
        try AtomicFile.write("model: \(Cluster.model)\nlearning-rat: 1e-3\n", to: file)
        let extra = inFile ? ["--config", file] : ["--set", "learning-rat=1e-3"]
        let coordinator = try cluster.coordinator(extra: extra)
        #expect(await coordinator.status(seconds: 60) == ExitStatus.configuration.rawValue, "\(coordinator.text)")
        #expect(coordinator.text.contains("learning-rate"))
        if inFile { #expect(coordinator.text.contains("wrong.yaml:2")) }
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test("an empty data set is refused, naming the file")
    func emptyData() async throws {
        let cluster = try Cluster()
        let data = cluster.folder + "/data/gsm-mini"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        for split in ["train", "valid", "test"] { try AtomicFile.write("", to: "\(data)/\(split).jsonl") }
        let coordinator = try cluster.coordinator(extra: ["--data", cluster.folder + "/data"])
        #expect(await coordinator.status(seconds: 60) == ExitStatus.data.rawValue, "\(coordinator.text)")
        #expect(coordinator.text.contains("/data/gsm-mini/"))
    }

    @Test("a run folder that cannot be made is refused before anything starts")
    func unwritableRunFolder() async throws {
        let cluster = try Cluster()
        // A file stands where the folder should go: refused for every user, root included.
        try AtomicFile.write("kept", to: cluster.runFolder)
        let coordinator = try cluster.coordinator()
        #expect(await coordinator.status(seconds: 60) == ExitStatus.cannotCreate.rawValue, "\(coordinator.text)")
        #expect(coordinator.text.contains(cluster.runFolder))
        #expect(try String(contentsOfFile: cluster.runFolder, encoding: .utf8) == "kept")
    }

    @Test("a port in use is named with the remedy")
    func portInUse() async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(first)
        let other = try Cluster()
        let second = try other.coordinator(bind: endpoint)
        #expect(await second.status(seconds: 60) == ExitStatus.unavailable.rawValue, "\(second.text)")
        #expect(second.text.contains(endpoint))
        first.signal(SIGTERM)
        #expect(await first.status(seconds: 60) == 0)
    }

    @Test("a run folder that holds a run is not overwritten, and two coordinators never share one")
    func existingRun() async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator()
        _ = try await cluster.endpoint(first)
        let fresh = try cluster.coordinator()
        #expect(await fresh.status(seconds: 60) == ExitStatus.cannotCreate.rawValue, "\(fresh.text)")
        #expect(fresh.text.contains("--resume"))
        let resumed = try cluster.coordinator(resume: true)
        let status = try #require(await resumed.status(seconds: 60), "\(resumed.text)")
        #expect(status != 0)
        first.signal(SIGTERM)
        #expect(await first.status(seconds: 60) == 0, "\(first.text)")
    }

    @Test("a dry run checks and plans, and starts nothing")
    func dryRun() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(extra: ["--dry-run"])
        #expect(await coordinator.status(seconds: 60) == 0, "\(coordinator.text)")
        #expect(coordinator.text.contains("units"))
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test("a worker without a model folder says which one is missing")
    func missingModel() async throws {
        let worker = try RunningProgram("t2-worker", ["join", "tcp://127.0.0.1:5999", "--model", "/nowhere/base"])
        #expect(await worker.status(seconds: 60) == ExitStatus.noInput.rawValue, "\(worker.text)")
        #expect(worker.text.contains("/nowhere/base"))
    }
}
