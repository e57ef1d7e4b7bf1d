import Logging
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs
import T2TestSupport
import T2Transport
import Testing

/// A result is acknowledged as accepted only once it is durable, and it is not lost after that.
@Suite("An accepted result", .timeLimit(.minutes(20)))
struct AcceptanceTests {
    private static let ann = WorkerIdentifier(name: "ann", incarnation: 1)
    private let engine: TestEngine
    private let job: EvaluationJob

    init() throws {
        engine = try TestEngine(path: ModelFixture.folder("grouped-tied"))
        let problems = (0..<40).map {
            Problem(id: "p\($0)", topic: "", prompt: "ABC", verification: .exact(answer: "no such answer"))
        }
        job = EvaluationJob(
            name: "eval", model: JobModel(engine.folder), task: "t", problems: problems, strategy: FixedPolicy(.base),
            sampling: Sampling(temperature: 0, maxTokens: 2), seed: 1)
    }

    private func dispatcher(_ transport: some CoordinatorTransport) -> Dispatcher {
        Dispatcher(
            model: job.model, transport: transport, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Joins, takes one unit and sends its result; then everything that it hears until it is sent home.
    private func work(
        _ worker: InMemoryWorkerTransport, beforeResult: @Sendable () async throws -> Void
    ) async throws -> [Message] {
        var hello = Hello(
            worker: Self.ann, modelDigest: engine.folder.digest, tokenizerDigest: engine.folder.tokenizerDigest,
            fingerprint: "here", lanes: 1)
        hello.holding = []
        var heard: [Message] = []
        while let event = await worker.nextEvent(), event != .closed, event != .disconnected {
            switch event {
            case .connected: try await worker.send(.hello(hello), within: .seconds(10))
            case .message(.welcome):
                try await worker.send(.credit(Credit(count: 1, received: 0)), within: .seconds(10))
            case .message(.lease(let lease)):
                let output = try engine.run(lease.work, [.base])
                try await beforeResult()
                let result = UnitResult(unit: lease.unit, attempt: lease.attempt, epoch: lease.epoch, output: output)
                try await worker.send(.result(result), within: .seconds(10))
            case .message(.drain):
                try await worker.send(.bye(Bye(reason: "drained")), within: .seconds(10))
                return heard
            case .message(let message): heard.append(message)
            default: break
            }
        }
        return heard
    }

    private static func accepted(_ heard: [Message]) -> [UnitKey] {
        heard.compactMap {
            if case .acknowledgement(let answer) = $0, answer.verdict == .accepted { answer.unit } else { nil }
        }
    }

    @Test("is not acknowledged if it could not be stored")
    func unstored() async throws {
        let folder = try TemporaryFolder()
        let network = InMemoryNetwork()
        let dispatcher = dispatcher(await network.listen())
        let journal = try RunJournal(job, folder: RunFolder(path: folder.path + "/run", resume: false))
        let worker = try await network.connect(Self.ann)
        // The database is closed when the result arrives.
        async let heard = work(worker) { try journal.close() }
        await #expect(throws: (any Error).self) {
            try await dispatcher.serve {
                try await JobRun<EvaluationJob>(journal, dispatcher).run(job) { _, _, _ in }
            }
        }
        #expect(Self.accepted(try await heard) == [])
    }

    @Test("is kept by a job that is stopped before it was stored, and then acknowledged")
    func stopped() async throws {
        let network = InMemoryNetwork()
        let transport = StoppingTransport(base: await network.listen())
        let dispatcher = dispatcher(transport)
        await transport.stop(dispatcher)
        let worker = try await network.connect(Self.ann)
        async let heard = work(worker) {}
        let ending = try await dispatcher.serve {
            try await DispatcherService(dispatcher).run(job, progress: { _ in }, onEvent: { _, _ in })
        }
        guard case .stopped(let stopped, let results?) = ending else {
            Issue.record("expected a job that was stopped")
            return
        }
        let records = try stopped.records(partial: results)
        #expect(records.count == 32)
        #expect(Self.accepted(try await heard).count == 1)
    }
}

/// Stops the dispatcher between the arrival of the first result and the moment at which it is stored.
private actor StoppingTransport: CoordinatorTransport {
    nonisolated let endpoint = "in-memory"
    private let base: InMemoryCoordinatorTransport
    private var dispatcher: Dispatcher?
    private var hasResult = false

    init(base: InMemoryCoordinatorTransport) { self.base = base }

    func stop(_ dispatcher: Dispatcher) { self.dispatcher = dispatcher }

    func nextEvent(before deadline: ContinuousClock.Instant?) async -> CoordinatorEvent? {
        if hasResult, let dispatcher {
            self.dispatcher = nil
            await dispatcher.stop()
            // Everything that waits for the stop runs first.
            for _ in 0..<1_000 { await Task.yield() }
        }
        let event = await base.nextEvent(before: deadline)
        if case .message(.result, _) = event { hasResult = true }
        return event
    }

    func send(_ message: Message, to peer: PeerIdentity) async throws(ProtocolError) -> SendResult {
        try await base.send(message, to: peer)
    }

    func lastHeard() async -> [PeerIdentity: ContinuousClock.Instant] { await base.lastHeard() }
    func forget(_ peer: PeerIdentity) async { await base.forget(peer) }
    func close() async { await base.close() }
}
