import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("Coming, going and being refused", .serialized)
struct LeavingTests {
    @Test("a worker leaves cleanly on SIGTERM, and another finishes")
    func workerLeaves() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(coordinator)
        let leaving = try cluster.worker(endpoint, name: "leaving")
        #expect(await leaving.line(containing: "unit") != nil, "\(leaving.text)")
        leaving.signal(SIGTERM)
        #expect(await leaving.status(seconds: 30) == 0, "\(leaving.text)")
        let other = try cluster.worker(endpoint, name: "other")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(other.text)")
    }

    @Test("the coordinator stops on SIGTERM with status 0, says how to go on, and does")
    func coordinatorLeaves() async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator(extra: ["--local-workers", "2"])
        first.signal(SIGTERM, atLineContaining: "step 1/3")
        #expect(await first.status(seconds: 60) == 0, "\(first.text)")
        #expect(first.text.contains("--resume"))
        let second = try cluster.coordinator(resume: true, extra: ["--local-workers", "2"])
        #expect(await second.status() == 0, "\(second.text)")
        #expect(try cluster.recordedSteps() == [1, 2, 3])
        let expert = try ExpertFile(path: cluster.runFolder + "/expert-best.safetensors")
        #expect(expert.description.task == "gsm-mini")
    }

    @Test(
        "a worker that dies is reported by the next one on its machine, with its signal, memory and last log lines",
        arguments: [(SIGKILL, "without a sign, as by kill -9"), (SIGSEGV, "by signal 11 (Segmentation fault)")])
    func death(signal: Int32, cause: String) async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(steps: 1_000)
        let endpoint = try await cluster.endpoint(coordinator)
        let first = try cluster.worker(endpoint, name: "ann")
        #expect(await first.line(containing: "leased") != nil, "\(first.text)")
        first.signal(signal)
        #expect(await first.status(seconds: 60) == -signal, "\(first.text)")
        let second = try cluster.worker(endpoint, name: "bob")
        let line = try #require(await coordinator.line(containing: "worker reports an error"), "\(second.text)")
        #expect(line.contains("worker 'ann' (process ") && line.contains(cause), "\(line)")
        #expect(line.contains(/with [1-9]\d* MiB of memory/) && line.contains("base model loaded"), "\(line)")
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status(seconds: 60) == 0, "\(coordinator.text)")
        // One that leaves in order is not reported.
        #expect(await second.status(seconds: 60) == 0, "\(second.text)")
        #expect(coordinator.lines.count { $0.contains("worker reports an error") } == 1)
    }

    @Test("SIGHUP, as of a lost terminal, stops a coordinator and a worker like SIGTERM")
    func hangUp() async throws {
        // What started the tests may ignore it, as nohup does, and programs inherit that.
        Foundation.signal(SIGHUP, SIG_DFL)
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(steps: 1_000)
        let worker = try cluster.worker(try await cluster.endpoint(coordinator), name: "ann")
        #expect(await coordinator.line(containing: " 1/1000 ") != nil, "\(coordinator.text)\n\(worker.text)")
        worker.signal(SIGHUP)
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        coordinator.signal(SIGHUP)
        #expect(await coordinator.status(seconds: 30) == 0, "\(coordinator.text)")
        #expect(coordinator.text.contains("SIGHUP: stopping") && coordinator.text.contains("--resume"))
    }

    @Test("a worker that is started again at once under its name is admitted")
    func startedAgain() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(steps: 1_000)
        let endpoint = try await cluster.endpoint(coordinator)
        let first = try cluster.worker(endpoint, name: "ann")
        #expect(await coordinator.line(containing: " 1/1000 ") != nil, "\(coordinator.text)\n\(first.text)")
        // Stopped, it keeps its connection, as one behind a broken network does.
        first.signal(SIGSTOP)
        // All that the first one can have finished, and a step more.
        let next = coordinator.lines.count { $0.contains("/1000") } + 2
        let second = try cluster.worker(endpoint, name: "ann")
        #expect(
            await coordinator.line(containing: " \(next)/1000 ") != nil, "\(coordinator.text)\n\(second.text)")
        first.signal(SIGKILL)
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status(seconds: 60) == 0, "\(coordinator.text)")
        #expect(await second.status(seconds: 30) == 0, "\(second.text)")
    }

    @Test("a worker that is to stay works for the next coordinator too")
    func stays() async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(first)
        let worker = try RunningProgram(
            "t2-worker", ["join", endpoint, "--model", Cluster.model, "--lanes", "1", "--name", "ann", "--stay"])
        #expect(await first.line(containing: "step 1/3") != nil, "\(first.text)\n\(worker.text)")
        first.signal(SIGTERM)
        #expect(await first.status(seconds: 60) == 0, "\(first.text)")
        let second = try cluster.coordinator(bind: endpoint, resume: true)
        #expect(await second.status() == 0, "\(second.text)\n\(worker.text)")
        #expect(try cluster.recordedSteps() == [1, 2, 3])
        worker.signal(SIGTERM)
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
    }

    @Test("a worker with another base model is refused and told why")
    func otherModel() async throws {
        let cluster = try Cluster()
        // The same shape and the same tokenizer, other weights.
        let models = try [1, 2].map { try TinyModel(seed: $0) }
        defer { for model in models { model.remove() } }
        let folders = try models.map { try BaseModelFolder(path: $0.path) }
        #expect(folders[0].tokenizerDigest == folders[1].tokenizerDigest)
        #expect(folders[0].digest != folders[1].digest)
        let coordinator = try cluster.coordinator(models[0])
        let endpoint = try await cluster.endpoint(coordinator)
        let stranger = try cluster.worker(endpoint, model: models[1].path, name: "stranger")
        #expect(await stranger.status(seconds: 60) == ExitStatus.configuration.rawValue, "\(stranger.text)")
        #expect(
            stranger.lines.last == "error: the coordinator refused this worker: the worker's base model has digest "
                + "\(folders[1].digest.short), the run's \(folders[0].digest.short). Start the worker without --model, "
                + "which fetches the model, or with a copy of \(models[0].path).")
        // The run goes on without it.
        let worker = try cluster.worker(endpoint, model: models[0].path, name: "ann")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(coordinator.lines.count { $0.contains("worker refused") && $0.contains("stranger") } == 1)
    }

    @Test(
        "a worker whose model ends its completions elsewhere is another model",
        arguments: ["eos_token_id", "max_position_embeddings"])
    func otherConfiguration(key: String) async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(coordinator)
        let copy = cluster.folder + "/base"
        try FileManager.default.copyItem(atPath: Cluster.model, toPath: copy)
        let text = try String(contentsOfFile: copy + "/config.json", encoding: .utf8)
        let changed = text.replacing(try Regex("\"\(key)\": [0-9]+"), with: "\"\(key)\": 128")
        #expect(changed != text)
        try AtomicFile.write(changed, to: copy + "/config.json")
        let worker = try cluster.worker(endpoint, model: copy, name: "stranger")
        #expect(await worker.status(seconds: 60) == ExitStatus.configuration.rawValue, "\(worker.text)")
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status(seconds: 60) == 0, "\(coordinator.text)")
    }

    @Test("programs of a code task run in the sandbox of a real worker")
    func codeTask() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(task: "mbpp-mini", steps: 1, extra: ["--local-workers", "1"])
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(try cluster.recordedSteps() == [1])
    }
}
