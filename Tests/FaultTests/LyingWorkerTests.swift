import Logging
import T2Coordinator
import T2Core
import T2Jobs
import T2TestSupport
import T2Transport
import T2Worker
import Testing

/// Real workers on a real model, in memory, of which one lies. The machine kinds are names.
@Suite("Audited training with a worker that lies", .timeLimit(.minutes(20)))
struct LyingWorkerTests {
    /// A way in which results are wrong although each passes the coordinator's checks.
    enum Lie: CaseIterable {
        case rewards, gradients, tokens, logProbabilities
        /// The results of samples that were drawn with another seed.
        case draws

        func spoil(_ result: inout UnitResult) {
            guard result.unit.phase == .train else { return }
            switch self {
            case .rewards:
                let isRight = result.output.completions[0].reward == .judged(.right)
                result.output.completions[0].reward = .judged(isRight ? .wrong : .right)
            // Far beyond the tolerance between kinds even where the gradient is almost 0.
            case .gradients: result.output.gradient = result.output.gradient?.map { $0 + 1 }
            case .tokens:
                let token = result.output.completions[0].tokens[0]
                result.output.completions[0].tokens[0] = token == 5 ? 6 : 5
            case .logProbabilities: result.output.completions[1].logProbabilities[0] -= 0.05
            case .draws: break
            }
        }

        func spoil(_ lease: inout Lease) {
            guard self == .draws else { return }
            let work = lease.work
            lease.work = WorkUnit(
                key: work.key, seed: work.seed + 1, problems: work.problems, problemIndices: work.problemIndices,
                sequences: work.sequences, policies: work.policies, sampling: work.sampling, gradient: work.gradient)
        }
    }

    /// Opens with the first lie.
    private actor Gate {
        private(set) var isOpen = false

        func open() { isOpen = true }
    }

    private actor LyingTransport: WorkerTransport {
        private let base: InMemoryWorkerTransport
        private let lie: Lie
        private let gate: Gate

        init(_ base: InMemoryWorkerTransport, _ lie: Lie, _ gate: Gate) {
            self.base = base
            self.lie = lie
            self.gate = gate
        }

        func send(
            _ message: Message, before deadline: ContinuousClock.Instant?
        ) async throws(ProtocolError) -> SendResult {
            guard case .result(var result) = message else { return try await base.send(message, before: deadline) }
            lie.spoil(&result)
            let sent = try await base.send(.result(result), before: deadline)
            if result.unit.phase == .train { await gate.open() }
            return sent
        }

        func nextEvent(before deadline: ContinuousClock.Instant?) async -> WorkerEvent? {
            let event = await base.nextEvent(before: deadline)
            guard case .message(.lease(var lease)) = event else { return event }
            lie.spoil(&lease)
            return .message(.lease(lease))
        }

        func lastHeard() async -> ContinuousClock.Instant? { await base.lastHeard() }

        func close() async { await base.close() }
    }

    /// Holds results of training back until the liar has lied: it would otherwise often come too late on a busy machine.
    private actor WaitingTransport: WorkerTransport {
        private let base: InMemoryWorkerTransport
        private let gate: Gate

        init(_ base: InMemoryWorkerTransport, _ gate: Gate) {
            self.base = base
            self.gate = gate
        }

        func send(
            _ message: Message, before deadline: ContinuousClock.Instant?
        ) async throws(ProtocolError) -> SendResult {
            if case .result(let result) = message, result.unit.phase == .train {
                while await !gate.isOpen, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
            }
            return try await base.send(message, before: deadline)
        }

        func nextEvent(before deadline: ContinuousClock.Instant?) async -> WorkerEvent? {
            await base.nextEvent(before: deadline)
        }

        func lastHeard() async -> ContinuousClock.Instant? { await base.lastHeard() }

        func close() async { await base.close() }
    }

    @Test(
        "comes to the bytes of honest workers, and refuses the liar, whether or not another machine is of its kind",
        arguments: Lie.allCases, ["a", "c"])
    func liar(lie: Lie, kind: String) async throws {
        let expected = try await FaultRuns.shared.undisturbed(.training)
        let jobs = try FaultRuns.shared.jobs.get()
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (engine, network) = (jobs.engine, InMemoryNetwork())
        let dispatcher = Dispatcher(model: JobModel(engine.folder), transport: await network.listen(), logger: quiet)
        let job = try jobs.training(audit: 1)
        let gate = Gate()
        // What ann finds is audited by the liar, since the others wait for it.
        let workers = [("ann", "a"), ("bob", "b"), ("cleo", "b"), ("liar", kind)]
        let (trained, endings) = try await withThrowingTaskGroup(of: (String, WorkerEnding).self) { group in
            for (name, kind) in workers {
                let hello = Hello(
                    worker: WorkerIdentifier(name: name, incarnation: 1), modelDigest: engine.folder.digest,
                    tokenizerDigest: engine.folder.tokenizerDigest, fingerprint: kind, lanes: 1)
                let link = try await network.connect(hello.worker)
                let transport: any WorkerTransport =
                    switch name {
                    case "ann": link
                    case "liar": LyingTransport(link, lie, gate)
                    default: WaitingTransport(link, gate)
                    }
                let worker = Worker(
                    hello: hello, computer: engine.computer(FaultyCluster.rewards), transport: transport,
                    log: WorkerLog(quiet))
                group.addTask { (name, await worker.run()) }
            }
            let trained = try await dispatcher.serve {
                while await dispatcher.workerCount < workers.count { try await Task.sleep(for: .milliseconds(5)) }
                return try await FaultyCluster.run(job, dispatcher)
            }
            var endings: [String: WorkerEnding] = [:]
            for try await (name, ending) in group { endings[name] = ending }
            return (trained, endings)
        }
        var checkpoint = trained.checkpoint
        checkpoint.configuration.audit = nil
        #expect(try FaultRuns.bytes(checkpoint) == expected)
        for (name, ending) in endings where name != "liar" {
            guard case .drained = ending else {
                Issue.record("\(name) ended: \(ending.reason)")
                continue
            }
        }
        guard case .rejected(let reason, _) = try #require(endings["liar"]) else {
            Issue.record("the liar ended: \(endings["liar"]?.reason ?? "not")")
            return
        }
        #expect(reason.contains("differs from those of two other workers"), "\(reason)")
    }
}
