import Foundation
import T2Coordinator
import T2Core
import T2Formats
import T2Learning
import T2Transport
import Testing

struct CoordinatorTests {
    /// Runs to the end with these workers; cancels those that never leave by themselves.
    static func run(_ coordinator: TestCoordinator, _ workers: [ArithmeticWorker]) async throws
        -> TestCoordinator.Outcome
    {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { try await worker.run() } }
            defer { group.cancelAll() }
            return try await coordinator.run()
        }
    }

    /// A whole run in a folder of its own.
    static func undisturbed(_ configuration: RunConfiguration = TestRun.configuration()) async throws -> TestRun.Folder
    {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network, configuration: configuration)
        let worker = try await ArithmeticWorker("ann", on: network)
        _ = try await run(coordinator, [worker])
        try journal.close()
        return folder
    }

    @Test("a run ends with its experts, a line of metrics a step, and its workers sent home")
    func wholeRun() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let worker = try await ArithmeticWorker("ann", on: network)
        let outcome = try await Self.run(coordinator, [worker])
        guard case .finished(let summary) = outcome else {
            Issue.record("expected the run to finish")
            return
        }
        #expect(summary.steps == 4)
        #expect(summary.base.count == 6)
        let lines = try folder.text("metrics.jsonl").split(separator: "\n")
        #expect(lines.count == 4 + 3)
        #expect(try folder.text("train.log").contains("step 4/4"))
        let last = try ExpertFile(path: folder.run + "/expert-last.safetensors")
        #expect(last.description.step == 4)
        #expect(last.description.measures["base-validation-accuracy"] != nil)
        let best = try ExpertFile(path: folder.run + "/expert-best.safetensors")
        #expect(best.description.step == summary.bestStep)
        #expect(await worker.verdicts.allSatisfy { $0 == .accepted })
        try journal.close()
        let store = try RunStore(path: folder.run + "/run.sqlite")
        var selection = CompletionRecord.Selection()
        (selection.step, selection.phase) = (1, .train)
        let completions = try store.completions(selection, limit: 100)
        #expect(completions.count == 16)
        #expect(completions[0].prompt.hasPrefix("train "))
        #expect(completions[0].logProbability == -1.75)
        try store.close()
    }

    @Test("the number of workers, duplicates and vanished workers change no byte of the expert", arguments: 1...3)
    func sameBytes(workers: Int) async throws {
        let expected = try await Self.undisturbed()
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        var all: [ArithmeticWorker] = []
        for number in 0..<workers {
            all.append(try await ArithmeticWorker("w\(number)", on: network, behaviour: .repeating))
        }
        // Its leases come back at once because a worker of the same name joins again.
        let doomed = try await ArithmeticWorker("doomed", on: network, behaviour: .vanishing(after: 1))
        let reborn = Task {
            try await doomed.run()
            try await ArithmeticWorker("doomed", incarnation: 2, on: network).run()
        }
        _ = try await Self.run(coordinator, all)
        reborn.cancel()
        try journal.close()
        for name in ["expert-last.safetensors", "expert-best.safetensors"] {
            #expect(try folder.bytes(name) == expected.bytes(name))
        }
    }

    @Test(
        "stopped anywhere and resumed: the same bytes, and each step once in metrics.jsonl",
        arguments: [1, 3, 6, 10, 17, 21])
    func resume(leases: Int) async throws {
        let expected = try await Self.undisturbed()
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        // The only worker vanishes after some leases; the coordinator is then dropped without a word, as by kill -9.
        do {
            let (coordinator, journal) = try await TestRun.coordinator(folder, network)
            let worker = try await ArithmeticWorker("ann", on: network, behaviour: .vanishing(after: leases))
            let running = Task { try await coordinator.run() }
            try await worker.run()
            running.cancel()
            _ = try? await running.value
            try journal.close()
        }
        let (coordinator, journal) = try await TestRun.coordinator(folder, network, resume: true)
        let worker = try await ArithmeticWorker("ann", incarnation: 2, on: network)
        _ = try await Self.run(coordinator, [worker])
        try journal.close()
        for name in ["expert-last.safetensors", "expert-best.safetensors"] {
            #expect(try folder.bytes(name) == expected.bytes(name))
        }
        let keys = try folder.text("metrics.jsonl").split(separator: "\n").map(Self.key)
        #expect(keys == (try expected.text("metrics.jsonl").split(separator: "\n").map(Self.key)))
    }

    private static func key(_ line: Substring) throws -> String {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        return "\(object["kind"] ?? "") \(object["step"] ?? "")"
    }

    @Test("asked to stop, it keeps what was accepted, sends the workers home and can be resumed")
    func stop() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let worker = try await ArithmeticWorker("ann", on: network)
        await coordinator.stop()
        #expect(try await Self.run(coordinator, [worker]) == .interrupted(step: 0))
        try journal.close()
        let (again, secondJournal) = try await TestRun.coordinator(folder, network, resume: true)
        let second = try await ArithmeticWorker("ann", incarnation: 2, on: network)
        guard case .finished = try await Self.run(again, [second]) else {
            Issue.record("expected the resumed run to finish")
            return
        }
        try secondJournal.close()
        let expected = try await Self.undisturbed()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
    }

    @Test("a worker that was there before a restart says HELLO again and works in the new epoch")
    func workerOutlivesCoordinator() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let worker = try await ArithmeticWorker("ann", on: network)
        let working = Task { try await worker.run() }
        let (first, firstJournal) = try await TestRun.coordinator(folder, network)
        let running = Task { try await first.run() }
        while await worker.verdicts.isEmpty { await Task.yield() }
        running.cancel()
        _ = try? await running.value
        try firstJournal.close()
        let (second, secondJournal) = try await TestRun.coordinator(folder, network, resume: true)
        guard case .finished = try await second.run() else {
            Issue.record("expected the run to finish")
            return
        }
        try await working.value
        try secondJournal.close()
        #expect(Set(await worker.epochs).count == 2)
    }

    @Test(
        "a unit that fails six times on the only worker stops the run with one short line, and the rest is in its evidence"
    )
    func poison() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let worker = try await ArithmeticWorker("ann", on: network, behaviour: .failing(category: .engine))
        let error = await #expect(throws: CoordinatorError.self) { _ = try await Self.run(coordinator, [worker]) }
        try journal.close()
        guard case .poisoned(let unit, let failures, let evidence?) = error else {
            Issue.record("expected poison, found \(String(describing: error))")
            return
        }
        #expect(failures.map(\.category) == [FailureCategory](repeating: .engine, count: 6))
        #expect(
            error?.description
                == "unit \(unit) failed 6 times and would be missing from the step, the last time in attempt 6 on ann: engine: "
                + "as told. The evidence of every attempt is in \(evidence); remove the cause and continue with --resume."
        )
        for attempt in 1...6 {
            let log = try String(contentsOfFile: "\(evidence)/attempt-\(attempt)/worker.log", encoding: .utf8)
            #expect(log == "a line of its log\nanother\n")
        }
    }

    @Test("a lease that cannot be sent ends the run instead of being tried for ever", .timeLimit(.minutes(20)))
    func untransportable() async throws {
        var configuration = TestRun.configuration()
        (configuration.promptsPerStep, configuration.promptsPerUnit, configuration.samplesPerPrompt) = (128, 128, 1000)
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network, configuration: configuration)
        let worker = try await ArithmeticWorker("ann", on: network)
        let error = await #expect(throws: CoordinatorError.self) { _ = try await Self.run(coordinator, [worker]) }
        try journal.close()
        #expect(
            error?.description.contains(
                "cannot be sent: LEASE: its header cannot be read: work.sequences (count): expected 1 to 65536") == true
        )
        #expect(error?.exitStatus == .configuration)
    }

    @Test("a result with a missing reward is refused, sampled again and never averaged")
    func missingReward() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let worker = try await ArithmeticWorker(
            "ann", on: network,
            behaviour: .spoiling {
                if $0.unit.index == 1, $0.attempt == 1 {
                    $0.output.completions[0].reward = .missing(reason: "the sandbox broke")
                }
            })
        _ = try await Self.run(coordinator, [worker])
        try journal.close()
        let store = try RunStore(path: folder.run + "/run.sqlite")
        let unit = try store.units(step: 2).first { $0.phase == .train && $0.unit == 1 }
        #expect(unit?.failures.map(\.category) == [.missingReward])
        try store.close()
        #expect(try folder.text("metrics.jsonl").contains("the sandbox broke\":1}"))
        let expected = try await Self.undisturbed()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
    }

    @Test("a worker that asks for a policy of another step is told which one it cannot have")
    func unknownPolicy() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let running = Task { try await coordinator.run() }
        let ann = WorkerIdentifier(name: "ann", incarnation: 1)
        let worker = try await network.connect(ann)
        let hello = Hello(
            worker: ann, modelDigest: TestRun.modelDigest, tokenizerDigest: TestRun.tokenizerDigest,
            fingerprint: "abacus", lanes: 1)
        let other = Digest(of: "of another step")
        try await worker.send(.hello(hello), within: .seconds(10))
        try await worker.send(.getBlob(GetBlob(digest: other)), within: .seconds(10))
        var answer: ErrorReport?
        while answer == nil, let event = await worker.nextEvent() {
            if case .message(.error(let report)) = event { answer = report }
        }
        #expect(answer?.category == .unknownPolicy && answer?.policy == other)
        try await worker.send(.bye(Bye(reason: "enough")), within: .seconds(10))
        await coordinator.stop()
        _ = try await running.value
        try journal.close()
    }

    @Test("a worker with another base model is turned away with the remedy")
    func otherModel() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let stranger = try await ArithmeticWorker("eve", on: network, model: Digest(of: "another"))
        let worker = try await ArithmeticWorker("ann", on: network)
        _ = try await Self.run(coordinator, [stranger, worker])
        try journal.close()
        #expect(await stranger.rejection?.reason.contains("base model has digest") == true)
        #expect(await stranger.rejection?.remedy.contains("/models/small") == true)
    }

    @Test("a worker that holds the weights in another type is turned away with the remedy")
    func otherWeights() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let stranger = try await ArithmeticWorker("eve", on: network, weights: .bfloat16)
        let worker = try await ArithmeticWorker("ann", on: network)
        _ = try await Self.run(coordinator, [stranger, worker])
        try journal.close()
        #expect(
            await stranger.rejection?.reason == "the worker holds its weights in bf16, the run's are in f32")
        #expect(await stranger.rejection?.remedy == "Start the worker with --weights f32.")
    }

    @Test("a second worker of a living worker's name is turned away instead of taking its place")
    func namesake() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let running = Task { try await coordinator.run() }
        let ann = WorkerIdentifier(name: "ann", incarnation: 1)
        let first = try await network.connect(ann)
        let hello = Hello(
            worker: ann, modelDigest: TestRun.modelDigest, tokenizerDigest: TestRun.tokenizerDigest,
            fingerprint: "abacus",
            lanes: 1)
        try await first.send(.hello(hello), within: .seconds(10))
        while case let event? = await first.nextEvent() {
            if case .message(.welcome) = event { break }
        }
        let second = try await ArithmeticWorker("ann", incarnation: 2, on: network)
        try await second.run()
        #expect(await second.rejection?.remedy.contains("--name") == true)
        try await first.send(.bye(Bye(reason: "enough")), within: .seconds(10))
        await coordinator.stop()
        #expect(try await running.value == .interrupted(step: 0))
        try journal.close()
    }

    @Test("without improvement for `patience` evaluations the run ends early")
    func earlyStopping() async throws {
        var configuration = TestRun.configuration(steps: 40)
        configuration.patience = 2
        configuration.evaluateEvery = 1
        configuration.learningRate = 1e-12
        let folder = try await Self.undisturbed(configuration)
        let last = try ExpertFile(path: folder.run + "/expert-last.safetensors")
        #expect(try #require(last.description.step) < 40)
    }
}
