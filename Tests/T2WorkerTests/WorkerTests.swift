import T2Core
import T2TestSupport
import T2Transport
import T2Worker
import Testing

@Suite("A worker and its coordinator", .timeLimit(.minutes(20)))
struct WorkerTests {
    private struct Scene {
        let model: ReferenceModel
        let network = InMemoryNetwork()
        let hello: Hello
        let policy: Policy

        init(lanes: Int = 1) throws {
            model = try ReferenceModel()
            hello = model.hello(lanes: lanes)
            policy = .svf(model.vector())
        }

        /// HELLO of a worker that holds nothing.
        var greeting: Hello {
            var greeting = hello
            greeting.holding = []
            return greeting
        }

        func coordinator() async -> ScriptedCoordinator {
            ScriptedCoordinator(transport: await network.listen(), worker: hello.worker)
        }

        func worker() async throws -> Worker { model.worker(try await network.connect(hello.worker), hello) }
    }

    @Test("go through a unit: HELLO, CREDIT, LEASE, GET_BLOB, RESULT, ACK, DRAIN, BYE")
    func unit() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        #expect(try await coordinator.hear(.hello) == .hello(scene.greeting))
        try await coordinator.say(.welcome(Welcome(epoch: 7, runs: ["r"])))
        #expect(try await coordinator.hear(.credit) == .credit(Credit(count: 2, received: 0)))
        let lease = Lease(scene.model.unit(scene.policy))
        try await coordinator.say(.lease(lease))
        #expect(try await coordinator.hear(.getBlob) == .getBlob(GetBlob(digest: scene.policy.digest)))
        try await coordinator.say(.blob(Blob(digest: scene.policy.digest, policy: scene.policy)))
        let result = try await coordinator.result()
        let expected = try scene.model.engine.run(lease.work, [scene.policy])
        #expect(result.output.untimed == expected.untimed)
        try await coordinator.acknowledge(result)
        try await coordinator.drain()
        #expect(await ending == .drained(reason: "done"))
    }

    @Test("come to the same bytes with any number of lanes", arguments: [1, 3])
    func lanes(count: Int) async throws {
        let scene = try Scene(lanes: count)
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        try await coordinator.welcome()
        let leases = (0..<count + 1).map { Lease(scene.model.unit(scene.policy, index: $0)) }
        for lease in leases { try await coordinator.say(.lease(lease)) }
        try await coordinator.give(scene.policy)
        // A second GET_BLOB would be heard instead of a result.
        for _ in leases {
            let result = try await coordinator.result()
            let lease = leases[result.unit.index]
            let expected = try scene.model.engine.run(lease.work, [scene.policy])
            #expect(result.output.untimed == expected.untimed)
            try await coordinator.acknowledge(result)
        }
        try await coordinator.drain()
        #expect(await ending == .drained(reason: "done"))
    }

    @Test("hear that work advances before the first token and between the last one and the gradient's")
    func layers() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let transport = try await scene.network.connect(scene.hello.worker)
        let worker = scene.model.worker(transport, scene.hello, progressInterval: .zero)
        let lease = Lease(scene.model.unit(scene.policy))
        // The decomposition speaks for itself; here it is made already.
        let expected = try scene.model.engine.run(lease.work, [scene.policy])
        async let ending = worker.run()
        try await coordinator.welcome()
        try await coordinator.say(.lease(lease))
        try await coordinator.give(scene.policy)
        var tokens: [Int] = []
        collecting: while true {
            switch await coordinator.transport.nextEvent(before: .now + .seconds(60)) {
            case .message(.progress(let progress), _): tokens.append(progress.tokens)
            case .message(.result(let result), _):
                try await coordinator.acknowledge(result)
                break collecting
            case nil: throw ScriptedCoordinator.Silence(description: "no result")
            default: continue
            }
        }
        try await coordinator.drain()
        #expect(await ending == .drained(reason: "done"))
        let layers = scene.model.folder.configuration.layerCount
        let sampled = expected.completions.reduce(0) { $0 + $1.tokens.count }
        #expect(tokens.count { $0 == 0 } >= layers)
        // Two forward passes, after the reward's own word.
        #expect(tokens.count { $0 == sampled } >= 2 * layers)
        // The backward pass, after every token was scored.
        #expect(tokens.count { $0 == 2 * sampled } >= layers)
    }

    @Test("go through a unit under several policies, each asked for once, the base model never")
    func severalPolicies() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        try await coordinator.welcome()
        let other = Policy.svf(ExpertVector(layout: scene.model.layout(), repeating: 0.9))
        let policies = [scene.policy, .base, other]
        let single = scene.model.unit(scene.policy, advantage: nil)
        let unit = WorkUnit(
            key: single.key, seed: single.seed, problems: single.problems, problemIndices: single.problemIndices,
            sequences: (0..<6).map { .init(problem: $0 % 2, sample: $0, policy: $0 % 3) },
            policies: policies.map(\.digest), sampling: single.sampling)
        try await coordinator.say(.lease(Lease(unit)))
        for policy in [scene.policy, other] {
            #expect(try await coordinator.hear(.getBlob) == .getBlob(GetBlob(digest: policy.digest)))
        }
        for policy in [other, scene.policy] {
            try await coordinator.say(.blob(Blob(digest: policy.digest, policy: policy)))
        }
        let result = try await coordinator.result()
        #expect(result.output.untimed == (try scene.model.engine.run(unit, policies)).untimed)
        #expect(result.output.completions.map(\.policy) == [0, 1, 2, 0, 1, 2])
        try await coordinator.acknowledge(result)
        // The same again: everything is here now. A GET_BLOB would be heard instead of a result.
        try await coordinator.say(.lease(Lease(unit)))
        let again = try await coordinator.result()
        #expect(again.output.untimed == result.output.untimed)
        try await coordinator.acknowledge(again)
        try await coordinator.drain()
        #expect(await ending == .drained(reason: "done"))
    }

    @Test("part when the worker has another model")
    func rejected() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        _ = try await coordinator.hear(.hello)
        try await coordinator.say(.reject(Reject(reason: "the models differ", remedy: "Copy the run's model.")))
        let found = await ending
        #expect(found == .rejected(reason: "the models differ", remedy: "Copy the run's model."))
        let error = #expect(throws: InputError.self) { try found.requireSuccess() }
        #expect(error?.exitStatus == .configuration)
        #expect(error?.description == "the coordinator refused this worker: the models differ. Copy the run's model.")
    }

    @Test("check another worker's tokens instead of sampling, and send what they find")
    func check() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        try await coordinator.welcome()
        var lease = Lease(scene.model.unit(scene.policy))
        let sampled = try scene.model.engine.run(lease.work, [scene.policy])
        lease.tokens = sampled.completions.map(\.tokens)
        lease.tokens?[3][0] += 1
        try await coordinator.say(.lease(lease))
        try await coordinator.give(scene.policy)
        let result = try await coordinator.result()
        #expect(result.output.completions[..<3].map(\.tokens) == sampled.completions[..<3].map(\.tokens))
        #expect(result.output.completions[3].tokens == [sampled.completions[3].tokens[0]])
        try await coordinator.acknowledge(result)
        try await coordinator.drain()
        #expect(await ending == .drained(reason: "done"))
    }

    @Test("go on after a unit that cannot be computed")
    func failedUnit() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        try await coordinator.welcome()
        let bad = Lease(
            scene.model.unit(scene.policy, prompts: [String(repeating: "A", count: 300), "B"]))
        try await coordinator.say(.lease(bad))
        try await coordinator.give(scene.policy)
        let report = try await coordinator.failure()
        #expect(report.unit == bad.unit && report.attempt == 1 && report.category == .promptTooLong)
        #expect(report.message.contains("problem-0"))
        #expect(report.logLines.contains { $0.contains("joined") })
        try await coordinator.say(.lease(Lease(scene.model.unit(scene.policy, index: 1))))
        let result = try await coordinator.result()
        #expect(result.unit.index == 1)
        try await coordinator.acknowledge(result)
        try await coordinator.drain()
        #expect(await ending == .drained(reason: "done"))
    }

    @Test("meet again after a restart of the coordinator: old leases are void")
    func restart() async throws {
        let scene = try Scene()
        let first = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        try await first.welcome(epoch: 7)
        try await first.say(.lease(Lease(scene.model.unit(scene.policy), epoch: 7)))
        _ = try await first.hear(.getBlob)

        let second = await scene.coordinator()
        try await second.welcome(epoch: 8)
        // The policy of the old lease is not asked for; that of the new one is.
        let lease = Lease(scene.model.unit(scene.policy, index: 1), epoch: 8)
        try await second.say(.lease(lease))
        try await second.give(scene.policy)
        let result = try await second.result()
        #expect(result.epoch == 8 && result.unit.index == 1)
        try await second.acknowledge(result)
        try await second.drain()
        #expect(await ending == .drained(reason: "done"))
    }

    @Test("lose no result when the connection breaks before its acknowledgement")
    func lostAcknowledgement() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        try await coordinator.welcome()
        let lease = Lease(scene.model.unit(scene.policy))
        try await coordinator.say(.lease(lease))
        try await coordinator.give(scene.policy)
        let result = try await coordinator.result()
        try await scene.network.cut(scene.hello.worker)
        try await scene.network.restore(scene.hello.worker)
        try await coordinator.welcome()
        #expect(try await coordinator.result() == result)
        try await coordinator.acknowledge(result)
        try await coordinator.drain()
        #expect(await ending == .drained(reason: "done"))
    }

    @Test("part at once when the worker is stopped: BYE hands its leases back")
    func stopped() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        try await coordinator.welcome()
        try await coordinator.say(.lease(Lease(scene.model.unit(scene.policy))))
        _ = try await coordinator.hear(.getBlob)
        worker.stop(reason: "SIGTERM")
        #expect(try await coordinator.hear(.bye) == .bye(Bye(reason: "SIGTERM")))
        #expect(await ending == .stopped(reason: "SIGTERM"))
    }

    @Test("part soon also when a message of the worker waits for a coordinator that is gone")
    func stoppedWhileSending() async throws {
        // On this network time stands still, so that no send ends by its own deadline; and one unread message fills it.
        let model = try ReferenceModel()
        let network = InMemoryNetwork(startingAt: .now, queueLength: 1)
        let hello = model.hello()
        let coordinator = ScriptedCoordinator(transport: await network.listen(), worker: hello.worker)
        let worker = model.worker(try await network.connect(hello.worker), hello)
        async let ending = worker.run()
        try await coordinator.welcome()
        _ = try await coordinator.hear(.credit)
        let lease = Lease(model.unit(.svf(model.vector())))
        try await coordinator.say(.lease(lease))
        let cancel = Message.cancel(Cancel(unit: lease.unit, reason: "enough"))
        while try await coordinator.transport.send(cancel, to: PeerIdentity(hello.worker)) != .sent {
            try await Task.sleep(for: .milliseconds(1))
        }
        // GET_BLOB is never read; the CREDIT after the cancelled lease waits, and so would BYE.
        while try await !network.isAwaited(by: hello.worker) { try await Task.sleep(for: .milliseconds(1)) }
        worker.stop(reason: "SIGTERM")
        #expect(await ending == .stopped(reason: "SIGTERM"))
    }

    @Test("speak of a gradient that is not finite with the completions that it comes from")
    func nonFiniteGradient() async throws {
        let scene = try Scene()
        let coordinator = await scene.coordinator()
        let worker = try await scene.worker()
        async let ending = worker.run()
        try await coordinator.welcome()
        let lease = Lease(scene.model.overflowingUnit(scene.policy))
        try await coordinator.say(.lease(lease))
        try await coordinator.give(scene.policy)
        let report = try await coordinator.failure()
        #expect(report.unit == lease.unit && report.category == .nonFinite)
        let expected = try scene.model.engine.run(scene.model.unit(scene.policy, klCoefficient: 0), [scene.policy])
        #expect(report.completions == expected.completions)
        try await coordinator.drain()
        #expect(await ending == .drained(reason: "done"))
    }

    @Test("never meet: a worker that is stopped while it waits for its coordinator just leaves")
    func stoppedWhileWaiting() async throws {
        let scene = try Scene()
        let worker = try await scene.worker()
        async let ending = worker.run()
        worker.stop(reason: "SIGTERM")
        #expect(await ending == .stopped(reason: "SIGTERM"))
    }
}
