import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("Bad input to t2-coord and t2-worker")
struct CoordinatorInputTests {
    @Test("an unknown task is named with the nearest one, and nothing is left behind")
    func unknownTask() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(task: "gsm-mimi")
        #expect(await coordinator.status(seconds: 60) == T2Core.ExitStatus.usage.rawValue, "\(coordinator.text)")
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
        #expect(
            await coordinator.status(seconds: 60) == T2Core.ExitStatus.configuration.rawValue, "\(coordinator.text)")
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
        #expect(await coordinator.status(seconds: 60) == T2Core.ExitStatus.data.rawValue, "\(coordinator.text)")
        #expect(coordinator.text.contains("error: \(data)/train.jsonl: the data set is empty"), "\(coordinator.text)")
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test("a prompt longer than the context stops at once, and what it advises helps")
    func longPrompt() async throws {
        let cluster = try Cluster()
        let model = try TinyModel(contextLength: 64)
        defer { model.remove() }
        let prompts = ["Add", String(repeating: "A", count: 59), String(repeating: "A", count: 58)]
        let coordinator = try cluster.coordinator(model, prompts: prompts, extra: ["--local-workers", "1"])
        #expect(await coordinator.status(seconds: 60) == T2Core.ExitStatus.data.rawValue, "\(coordinator.text)")
        #expect(
            coordinator.lines == [
                "error: problem train-1: its prompt has 59 tokens and max-tokens is 8, together 67; the model's context holds 64. "
                    + "Lower max-tokens to 5 or less, shorten the prompt, or leave such problems out: on-long-prompt skip."
            ])
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
        let advised = try cluster.coordinator(
            model, prompts: prompts, extra: ["--set", "max-tokens=5", "--set", "validation-problems=1", "--dry-run"])
        #expect(await advised.status(seconds: 60) == 0, "\(advised.text)")
    }

    @Test("a file that is no YAML is named with line and column, on one line")
    func malformedYAML() async throws {
        let cluster = try Cluster()
        let file = cluster.folder + "/wrong.yaml"
        try AtomicFile.write("steps: 3\n\tseed: 1\n", to: file)
        let coordinator = try cluster.coordinator(extra: ["--config", file])
        #expect(
            await coordinator.status(seconds: 60) == T2Core.ExitStatus.configuration.rawValue, "\(coordinator.text)")
        #expect(coordinator.lines.count == 1)
        #expect(
            coordinator.text.hasPrefix("error: wrong.yaml:2:1: not YAML: found a tab character"), "\(coordinator.text)")
    }

    @Test("local workers for a task of programs need a working sandbox")
    func noSandbox() async throws {
        let cluster = try Cluster()
        let tool = cluster.folder + "/bwrap"
        try AtomicFile.write("#!/bin/sh\necho No permissions to create a namespace >&2\nexit 1\n", to: tool)
        chmod(tool, 0o755)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let coordinator = try RunningProgram(
            "t2-coord",
            [
                "start", "--run-dir", cluster.runFolder, "--bind", "tcp://127.0.0.1:0", "--model", Cluster.model,
                "--task", "mbpp-mini", "--local-workers", "1",
            ], environment: ["PATH": cluster.folder + ":" + path])
        #expect(await coordinator.status(seconds: 60) == T2Core.ExitStatus.unavailable.rawValue, "\(coordinator.text)")
        #expect(coordinator.lines.count == 1)
        #expect(coordinator.text.contains("error: program sandbox:"), "\(coordinator.text)")
        #expect(coordinator.text.contains("No permissions to create a namespace"), "\(coordinator.text)")
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test("a run folder that cannot be made is refused before anything starts")
    func unwritableRunFolder() async throws {
        let cluster = try Cluster()
        // A file stands where the folder should go: refused for every user, root included.
        try AtomicFile.write("kept", to: cluster.runFolder)
        let coordinator = try cluster.coordinator()
        #expect(await coordinator.status(seconds: 60) == T2Core.ExitStatus.cannotCreate.rawValue, "\(coordinator.text)")
        #expect(coordinator.text.contains(cluster.runFolder))
        #expect(try String(contentsOfFile: cluster.runFolder, encoding: .utf8) == "kept")
    }

    @Test(
        "nor where the system takes no new folder, for root as for anybody", arguments: [true, false],
        [("/proc", geteuid() == 0 ? T2Core.ExitStatus.cannotCreate : .permission), ("/sys", .permission)])
    func impossibleRunFolder(dryRun: Bool, place: (folder: String, status: T2Core.ExitStatus)) async throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: place.folder).filter { $0.contains("t2") }
        let coordinator = try RunningProgram(
            "t2-coord",
            [
                "start", "--run-dir", place.folder + "/t2/run", "--bind", "tcp://127.0.0.1:0", "--model", Cluster.model,
                "--local-workers", "1",
            ] + (dryRun ? ["--dry-run"] : []))
        #expect(await coordinator.status(seconds: 60) == place.status.rawValue, "\(coordinator.text)")
        #expect(coordinator.lines.count == 1)
        #expect(coordinator.text.hasPrefix("error: \(place.folder)/t2/run: "), "\(coordinator.text)")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: place.folder).filter { $0.contains("t2") } == before)
    }

    @Test("a port in use is named with the remedy")
    func portInUse() async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(first)
        let other = try Cluster()
        let second = try other.coordinator(bind: endpoint)
        #expect(await second.status(seconds: 60) == T2Core.ExitStatus.unavailable.rawValue, "\(second.text)")
        #expect(
            second.text.contains("error: endpoint '\(endpoint)': cannot listen, the port is in use."), "\(second.text)")
        #expect(!FileManager.default.fileExists(atPath: other.runFolder))
        first.signal(SIGTERM)
        #expect(await first.status(seconds: 60) == 0)
    }

    @Test("a run folder that holds a run is not overwritten, and two coordinators never share one")
    func existingRun() async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator()
        _ = try await cluster.endpoint(first)
        let second = try cluster.coordinator(resume: true)
        #expect(await second.status(seconds: 60) == T2Core.ExitStatus.tryAgain.rawValue, "\(second.text)")
        #expect(second.text.contains("error: \(cluster.runFolder): another t2-coord (process"), "\(second.text)")
        first.signal(SIGTERM)
        #expect(await first.status(seconds: 60) == 0, "\(first.text)")
        let before = try Cluster.contents(of: cluster.runFolder)
        #expect(before["run.sqlite"] != nil && before["configuration.yaml"] != nil)
        let fresh = try cluster.coordinator(extra: ["--seed", "12"])
        #expect(await fresh.status(seconds: 60) == T2Core.ExitStatus.cannotCreate.rawValue, "\(fresh.text)")
        #expect(
            fresh.lines == [
                "error: \(cluster.runFolder): holds a run already. Continue it with --resume, or choose another --run-dir."
            ])
        #expect(try Cluster.contents(of: cluster.runFolder) == before)
    }

    @Test("a dry run checks and plans, and starts nothing")
    func dryRun() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(extra: ["--dry-run"])
        #expect(await coordinator.status(seconds: 60) == 0, "\(coordinator.text)")
        #expect(coordinator.text.contains("units"))
        #expect(coordinator.text.contains("38 weights, all finite"), "\(coordinator.text)")
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test(
        "an endpoint that cannot be listened on is refused before the model is looked at",
        arguments: [("tcp://0.0.0.0:5555", "other machines can reach it"), ("127.0.0.1:5555", "has no '://'")])
    func impossibleEndpoint(bind: String, problem: String) async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(bind: bind, extra: ["--model", "/nowhere/base"])
        #expect(await coordinator.status(seconds: 60) == T2Core.ExitStatus.usage.rawValue, "\(coordinator.text)")
        #expect(coordinator.lines.count == 1)
        #expect(coordinator.text.hasPrefix("error: endpoint '\(bind)': \(problem)"), "\(coordinator.text)")
    }

    @Test("a task chosen by --set has the same bundled recipe as one chosen by --task", arguments: ["--task", "--set"])
    func bundledRecipe(flag: String) async throws {
        let cluster = try Cluster()
        let coordinator = try RunningProgram(
            "t2-coord",
            [
                "start", "--run-dir", cluster.runFolder, "--bind", "tcp://127.0.0.1:0", "--dry-run", flag,
                flag == "--set" ? "task=arc-mini" : "arc-mini",
            ])
        #expect(await coordinator.status(seconds: 60) == 0, "\(coordinator.text)")
        #expect(coordinator.lines.first?.hasSuffix("experts/tiny/reasoning.yaml") == true, "\(coordinator.text)")
    }

    @Test(
        "stopped before there is a run, it ends as a stopped program does",
        arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func stoppedEarly(signal: Int32, status: Int32) async throws {
        let cluster = try Cluster()
        let data = cluster.folder + "/data/gsm-mini"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        // The problems never end, so that the coordinator reads until it is stopped.
        let problems = "\(data)/train.jsonl"
        #expect(mkfifo(problems, 0o600) == 0)
        let coordinator = try cluster.coordinator(extra: ["--data", cluster.folder + "/data"])
        var writer = open(problems, O_WRONLY | O_NONBLOCK)
        for _ in 0..<600 where writer < 0 {
            // Until the other end is open there is nobody to write to.
            _ = await coordinator.line(containing: "error", seconds: 0.1)
            writer = open(problems, O_WRONLY | O_NONBLOCK)
        }
        #expect(writer >= 0, "\(coordinator.text)")
        defer { close(writer) }
        coordinator.signal(signal)
        #expect(await coordinator.status(seconds: 60) == status, "\(coordinator.text)")
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }

    @Test("a worker without a model folder says which one is missing")
    func missingModel() async throws {
        let worker = try RunningProgram("t2-worker", ["join", "tcp://127.0.0.1:5999", "--model", "/nowhere/base"])
        #expect(await worker.status(seconds: 60) == T2Core.ExitStatus.noInput.rawValue, "\(worker.text)")
        #expect(worker.text.hasPrefix("error: /nowhere/base: no such folder."), "\(worker.text)")
    }
}
