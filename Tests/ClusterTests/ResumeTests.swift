import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("Resuming")
struct ResumeTests {
    @Test("a finished run says so, sums up and changes no file; with more steps it goes on")
    func finished() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let first = try cluster.coordinator(model, extra: ["--local-workers", "1"])
        #expect(await first.status() == 0, "\(first.text)")
        func content() throws -> [String: Digest] {
            // The rows are compared by their own test: SQLite's files change by being opened.
            try Cluster.contents(of: cluster.runFolder).filter { !$0.key.hasPrefix("run.sqlite") && $0.key != ".lock" }
        }
        let before = try content()
        // The log may go on among and after the lines of the summary.
        func summary(_ program: RunningProgram) -> [String] {
            program.lines.drop { !$0.hasPrefix("finished after") }.filter { !$0.contains(" t2-coord: ") }
        }
        let second = try cluster.coordinator(resume: true, extra: ["--local-workers", "1"])
        #expect(await second.status() == 0, "\(second.text)")
        #expect(try content() == before)
        #expect(second.text.contains("this run is finished; nothing was changed"))
        #expect(!summary(first).isEmpty && summary(second) == summary(first), "\(first.text)\n\(second.text)")
        #expect(!second.text.contains("local worker started"))
        let third = try cluster.coordinator(resume: true, extra: ["--local-workers", "1", "--steps", "2"])
        #expect(await third.status() == 0, "\(third.text)")
        #expect(try cluster.recordedSteps() == [1, 2])
        // The next one knows of the new steps by itself.
        let fourth = try cluster.coordinator(resume: true)
        #expect(await fourth.status() == 0, "\(fourth.text)")
        #expect(fourth.text.contains("finished after 2 steps"))
    }

    @Test("a dry run of --resume refuses what --resume refuses, and changes no file")
    func dryRun() async throws {
        let cluster = try Cluster()
        let model = try TinyModel()
        defer { model.remove() }
        let first = try cluster.coordinator(model, extra: ["--steps", "2"])
        let endpoint = try await cluster.endpoint(first)
        func resume(_ extra: [String] = []) async throws -> (status: Int32?, text: String) {
            let program = try cluster.coordinator(resume: true, extra: ["--dry-run"] + extra)
            return (await program.status(seconds: 60), program.text)
        }
        let busy = try await resume()
        #expect(busy.status == ExitStatus.tryAgain.rawValue, "\(busy.text)")
        #expect(busy.text.contains("another t2-coord (process"))
        first.signal(SIGKILL, atLineContaining: "step 1/2")
        let worker = try cluster.worker(endpoint, model: model.path, name: "ann")
        #expect(await first.status() == -SIGKILL, "\(first.text)")
        worker.signal(SIGKILL)
        let before = try Cluster.contents(of: cluster.runFolder).filter { !$0.key.hasPrefix("run.sqlite") }

        let good = try await resume(["--steps", "3"])
        #expect(good.status == 0, "\(good.text)")
        #expect(good.text.contains("resuming would begin after step "))
        let other = try await resume(["--set", "learning-rate=0.5"])
        #expect(other.status == ExitStatus.configuration.rawValue, "\(other.text)")
        #expect(other.text.contains("belongs to a run of another configuration: learning-rate was"), "\(other.text)")
        let data = cluster.folder + "/data/gsm-mini/train.jsonl"
        let problems = try String(contentsOfFile: data, encoding: .utf8)
        try AtomicFile.write(problems.replacingOccurrences(of: "Add", with: "And"), to: data)
        let changed = try await resume()
        #expect(changed.status == ExitStatus.configuration.rawValue, "\(changed.text)")
        #expect(
            changed.text.contains("belongs to a training run that was started with other problems"), "\(changed.text)")
        try AtomicFile.write(problems, to: data)
        #expect(try Cluster.contents(of: cluster.runFolder).filter { !$0.key.hasPrefix("run.sqlite") } == before)
        let checkpoints = cluster.runFolder + "/checkpoints"
        for name in try FileManager.default.contentsOfDirectory(atPath: checkpoints) {
            try AtomicFile.write("damaged", to: "\(checkpoints)/\(name)")
        }
        let damaged = try await resume()
        #expect(damaged.status == ExitStatus.data.rawValue, "\(damaged.text)")
        #expect(damaged.text.contains("none of its checkpoints can be read"), "\(damaged.text)")
    }

    @Test("a run folder that was renamed goes on where it is, to the same bytes")
    func renamed() async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator(extra: ["--local-workers", "1"])
        first.signal(SIGKILL, atLineContaining: "step 1/3")
        #expect(await first.status() == -SIGKILL, "\(first.text)")
        let moved = cluster.folder + "/run-20260101-120000"
        try FileManager.default.moveItem(atPath: cluster.runFolder, toPath: moved)
        let second = try RunningProgram(
            "t2-coord",
            ["start", "--resume", "--run-dir", moved, "--bind", "tcp://127.0.0.1:0", "--local-workers", "1"])
        #expect(await second.status() == 0, "\(second.text)")
        let bytes = try MappedFile(path: moved + "/expert-last.safetensors").withBytes { Digest(of: $0) }
        #expect(bytes == (try await SameBytesTests.reference.value))
        #expect(!FileManager.default.fileExists(atPath: cluster.runFolder))
    }
}
