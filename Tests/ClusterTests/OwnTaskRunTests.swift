import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("Training on a task of one's own", .serialized)
struct OwnTaskRunTests {
    /// Sums that the bundled model answers in its own way, judged by a command.
    private static func write(_ cluster: Cluster, verifier: String) throws -> String {
        let folder = cluster.folder + "/sums"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try AtomicFile.write(
            """
            name: sums
            prompt: "Question: {question}\\nAnswer:"
            splits: {train: train.jsonl, valid: valid.jsonl, test: valid.jsonl}
            verifier: {kind: external, command: [python3, verify.py], timeout: 10}
            max-tokens: 40

            """, to: folder + "/task.yaml")
        for (split, count) in [("train", 24), ("valid", 8)] {
            let lines = (0..<count).map { number in
                let (a, b) = (2 + number % 7, 2 + number / 7)
                let question = "Tom has \(a) balls. Tom buys \(b) more. How many balls does Tom have now?"
                return #"{"id": "\#(split)-\#(number)", "question": "\#(question)", "sum": \#(a + b)}"# + "\n"
            }
            try AtomicFile.write(lines.joined(), to: "\(folder)/\(split).jsonl")
        }
        try AtomicFile.write(verifier, to: folder + "/verify.py")
        return folder
    }

    private static let honest = """
        import json, sys
        for line in sys.stdin:
            request = json.loads(line)
            found = request["response"].rsplit("#### ", 1)
            outcome = "no-answer" if len(found) < 2 else "right" if found[1].strip() == str(request["record"]["sum"]) else "wrong"
            print(json.dumps({"outcome": outcome, "extracted": found[-1]}), flush=True)
        """

    private static func start(_ cluster: Cluster, _ folder: String, extra: [String]) throws -> RunningProgram {
        let settings = [
            "prompts-per-step=8", "prompts-per-unit=4", "max-tokens=40", "validation-problems=8", "steps=2",
        ]
        return try RunningProgram(
            "t2-coord",
            [
                "start", "--run-dir", cluster.runFolder, "--bind", "tcp://127.0.0.1:0", "--model", Cluster.model,
                "--task",
                folder,
            ] + settings.flatMap { ["--set", $0] } + extra)
    }

    private static func rollouts(_ cluster: Cluster, _ extra: [String]) async throws -> [[String: Any]] {
        let program = try RunningProgram(
            "t2-coord", ["rollouts", "--run-dir", cluster.runFolder, "--json", "--limit", "1000"] + extra)
        #expect(await program.status(seconds: 60) == 0, "\(program.text)")
        return try program.lines.filter { $0.hasPrefix("{") }.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test("a command judges completions on the workers; its outcomes are counted, kept and found again")
    func external() async throws {
        let cluster = try Cluster()
        let folder = try Self.write(cluster, verifier: Self.honest)
        let coordinator = try Self.start(cluster, folder, extra: ["--local-workers", "2"])
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        let all = try await Self.rollouts(cluster, [])
        // Two updates of 8 and two evaluations of 8.
        #expect(all.count == 32)
        let right = try await Self.rollouts(cluster, ["--outcome", "right"])
        let others = try await Self.rollouts(
            cluster, ["--outcome", "wrong", "--outcome", "no-answer", "--outcome", "cut-off"])
        #expect(!right.isEmpty && right.count + others.count == 32)
        #expect(right.allSatisfy { $0["outcome"] as? String == "right" && $0["reward"] as? Double == 1 })
        let first = try await Self.rollouts(cluster, ["--step", "0", "--phase", "train"])
        #expect(first.count == 8)
        let lines = try String(contentsOfFile: cluster.runFolder + "/metrics.jsonl", encoding: .utf8).split(
            separator: "\n")
        struct Step: Decodable {
            let kind: String
            let right: Int?
            let wrong: Int?
            let no_answer: Int?
            let cut_off: Int?
            let missing: [String: Int]?
        }
        let steps = try lines.map { try JSONDecoder().decode(Step.self, from: Data($0.utf8)) }.filter {
            $0.kind == "step"
        }
        #expect(steps.count == 2)
        for step in steps {
            #expect((step.right ?? 0) + (step.wrong ?? 0) + (step.no_answer ?? 0) + (step.cut_off ?? 0) == 8)
            #expect(step.missing?.isEmpty == true)
        }
        #expect(steps[0].right == first.filter { $0["outcome"] as? String == "right" }.count)
    }

    @Test("a coordinator cannot make a worker run a command: without the folder the reward is missing, never wrong")
    func withoutFolder() async throws {
        let cluster = try Cluster()
        let folder = try Self.write(cluster, verifier: Self.honest)
        let coordinator = try Self.start(cluster, folder, extra: [])
        let worker = try cluster.worker(try await cluster.endpoint(coordinator), name: "stranger")
        #expect(await coordinator.status() == ExitStatus.unavailable.rawValue, "\(coordinator.text)\n\(worker.text)")
        #expect(coordinator.text.contains("--task-folder"), "\(coordinator.text)")
        #expect(try await Self.rollouts(cluster, []).isEmpty)
    }

    @Test(
        "a worker with another version of the task's folder is refused; log and why name both, and the run waits for a sound one"
    )
    func otherVersion() async throws {
        let cluster = try Cluster()
        let folder = try Self.write(cluster, verifier: Self.honest)
        let copy = cluster.folder + "/copy"
        try FileManager.default.copyItem(atPath: folder, toPath: copy)
        try AtomicFile.write(Self.honest.replacing("\"right\" if", with: "\"wrong\" if"), to: copy + "/verify.py")
        let coordinator = try Self.start(cluster, folder, extra: [])
        let endpoint = try await cluster.endpoint(coordinator)
        func worker(_ name: String, _ folder: String) throws -> RunningProgram {
            try RunningProgram(
                "t2-worker",
                ["join", endpoint, "--model", Cluster.model, "--lanes", "1", "--name", name, "--task-folder", folder])
        }
        let other = try worker("other", copy)
        #expect(await other.status(seconds: 60) == ExitStatus.configuration.rawValue, "\(other.text)")
        let refusal = try #require(await coordinator.line(containing: "worker refused", seconds: 20))
        let why = try RunningProgram("t2-coord", ["why", "--run-dir", cluster.runFolder])
        #expect(await why.status(seconds: 60) == 0, "\(why.text)")
        let version = /task 'sums' has version 1 \(\w+\) on the worker and 1 \(\w+\) at the coordinator/
        for text in [other.text, refusal, why.text] { #expect(text.contains(version), "\(text)") }
        #expect(refusal.contains("worker=other") && why.text.contains("worker 'other' was refused"))
        let sound = try worker("sound", folder)
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(sound.text)")
        #expect(!coordinator.text.contains("unit failed"))
        let judged = try await Self.rollouts(cluster, [])
        #expect(judged.count == 32 && judged.allSatisfy { $0["worker"] as? String == "sound" })
    }

    @Test("a run whose missing share passes its limit stops and says why")
    func missingLimit() async throws {
        let cluster = try Cluster()
        let flaky = """
            import itertools, json, sys
            for number, line in zip(itertools.count(), sys.stdin):
                print("garbage" if number % 3 == 1 else json.dumps({"outcome": "wrong"}), flush=True)
            """
        let folder = try Self.write(cluster, verifier: flaky)
        let coordinator = try Self.start(
            cluster, folder, extra: ["--local-workers", "1", "--set", "missing-limit=0.2"])
        #expect(await coordinator.status() == ExitStatus.unavailable.rawValue, "\(coordinator.text)")
        #expect(coordinator.text.contains("more than missing-limit 0.2 allows"), "\(coordinator.text)")
        #expect(coordinator.text.contains("python3 verify.py"), "\(coordinator.text)")
        let missing = try await Self.rollouts(cluster, ["--outcome", "missing"])
        let reasons = missing.compactMap { $0["missing"] as? [String: Int] }
        #expect(!reasons.isEmpty && reasons.allSatisfy { $0.keys.allSatisfy { $0.contains("python3 verify.py") } })
    }

    @Test("what a worker reports as failed counts too, by reason, with its evidence")
    func missingReports() async throws {
        let cluster = try Cluster()
        let folder = try Self.write(cluster, verifier: Self.honest)
        let coordinator = try Self.start(cluster, folder, extra: ["--set", "missing-limit=0.2"])
        let worker = try cluster.worker(try await cluster.endpoint(coordinator), name: "stranger")
        #expect(await coordinator.status() == ExitStatus.unavailable.rawValue, "\(coordinator.text)\n\(worker.text)")
        // A unit of 4 among 16 sequences.
        let error = try #require(coordinator.lines.last { $0.hasPrefix("error: ") })
        #expect(error.contains("4 rewards for 16 sequences"), "\(error)")
        #expect(error.contains("4 times: ") && error.contains("--task-folder"), "\(error)")
        let missing = try await Self.rollouts(cluster, ["--outcome", "missing"])
        #expect(missing.count == 1 && missing[0]["worker"] as? String == "stranger")
        #expect((missing[0]["missing"] as? [String: Int])?.values.reduce(0, +) == 4)
        let evidence = try FileManager.default.subpathsOfDirectory(atPath: cluster.runFolder + "/evidence")
        let lease = try #require(evidence.first { $0.hasSuffix("/lease.json") }).dropLast("/lease.json".count)
        let replay = try RunningProgram(
            "t2", ["replay", cluster.runFolder + "/evidence/" + lease, "--model", Cluster.model])
        #expect(await replay.status(seconds: 60) == 0, "\(replay.text)")
        #expect(replay.text.contains("rewards were missing on the worker"), "\(replay.text)")
    }

    @Test("README's way from a CSV to an expert works as it stands there")
    func readme() async throws {
        let text = try String(contentsOfFile: Repository.path + "/Sources/T2Tasks/README.md", encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## Your own task\n").dropFirst().first)
            .components(separatedBy: "\n##")[0]
        let commands = section.split(separator: "\n", omittingEmptySubsequences: false).filter { $0.hasPrefix("    ") }
            .map { $0.dropFirst(4) }.joined(separator: "\n")
        let cluster = try Cluster()
        let script = cluster.folder + "/example.sh"
        try AtomicFile.write(
            "set -eu\ncd \(cluster.folder)\nln -s \(Repository.path)/experts experts\n\(commands)\n", to: script)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [script]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["PATH": Process.programFolder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")]
        ) { $1 }
        let output = cluster.folder + "/output"
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let handle = FileHandle(forWritingAtPath: output)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        #expect(process.waitForStatus() == 0, "\((try? String(contentsOfFile: output, encoding: .utf8)) ?? "")")
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
        let accuracies = lines.filter { $0.hasPrefix("accuracy") }.compactMap { line in
            line.firstMatch(of: /accuracy +([0-9.]+) %/).flatMap { Double($0.1) }
        }
        #expect(accuracies.count == 2 && accuracies[1] > accuracies[0] + 10, "\(lines.joined(separator: "\n"))")
    }
}
