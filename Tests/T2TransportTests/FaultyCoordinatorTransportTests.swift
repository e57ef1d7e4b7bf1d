import T2Core
import T2TestSupport
import T2Transport
import Testing

@Suite struct FaultyCoordinatorTransportTests {
    static let workers = ["alpha", "beta"].map { WorkerIdentifier.named($0) }

    /// The numbers that arrive of `count` sent in turn to each worker through the plan.
    static func arriving(_ count: Int, _ plan: FaultPlan) async throws -> [[Int]] {
        let network = InMemoryNetwork(queueLength: 10 * count)
        let coordinator = FaultyCoordinatorTransport(await network.listen(), plan: plan)
        var ends: [InMemoryWorkerTransport] = []
        for worker in workers { ends.append(try await network.connect(worker)) }
        for number in 0..<count {
            for worker in workers {
                #expect(try await coordinator.send(.credit(Credit(count: number)), to: worker.peer()) == .sent)
            }
        }
        // Held messages leave when an event is asked for.
        #expect(await coordinator.nextEvent(before: .now - .seconds(1)) == nil)
        var found: [[Int]] = []
        for end in ends {
            #expect(await end.nextEvent(before: nil) == .connected)
            var numbers: [Int] = []
            while case .message(.credit(let credit))? = await end.nextEvent(before: .now - .seconds(1)) {
                numbers.append(credit.count)
            }
            found.append(numbers)
        }
        return found
    }

    private static func expected(_ count: Int, _ plan: FaultPlan, _ direction: FaultPlan.Direction) -> [Int] {
        (0..<count).flatMap { number in
            switch plan.fate(of: number, direction) {
            case .drop, .cut: [Int]()
            case .duplicate: [number, number]
            case .pass, .hold: [number]
            }
        }
    }

    @Test("each worker's messages meet fates of their own, always the same, and none that is held is lost")
    func towardsTheWorkers() async throws {
        let plan = FaultPlan(seed: 9, drop: 0.2, duplicate: 0.2, hold: 0.2)
        let first = try await Self.arriving(100, plan)
        #expect(try await Self.arriving(100, plan) == first)
        #expect(first[0] != first[1])
        for (worker, numbers) in zip(Self.workers, first) {
            let expected = Self.expected(100, plan.own(of: try worker.peer().bytes), .toWorker)
            #expect(numbers != expected, "some were overtaken")
            #expect(numbers.sorted() == expected)
        }
    }

    @Test("messages to the coordinator meet their fates too; without faults all pass as they are")
    func towardsTheCoordinator() async throws {
        for plan in [FaultPlan(seed: 4), FaultPlan(seed: 4, drop: 0.2, duplicate: 0.2, hold: 0.2)] {
            let network = InMemoryNetwork(queueLength: 1000)
            let coordinator = FaultyCoordinatorTransport(await network.listen(), plan: plan)
            let worker = try await network.connect(Self.workers[0])
            for number in 0..<100 { try await worker.mustSend(.credit(Credit(count: number))) }
            var numbers: [Int] = []
            while case .message(.credit(let credit), _)? = await coordinator.nextEvent(before: .now - .seconds(1)) {
                numbers.append(credit.count)
            }
            let own = plan.own(of: try Self.workers[0].peer().bytes)
            #expect(numbers.sorted() == Self.expected(100, own, .toCoordinator))
            #expect((numbers == Array(0..<100)) == (plan.drop == 0))
            #expect(await coordinator.faults.values.reduce(0, +) == 100)
        }
    }

    @Test("a coordinator that is cut vanishes without a word, and hears nothing more")
    func cut() async throws {
        let network = InMemoryNetwork(queueLength: 1000)
        let coordinator = FaultyCoordinatorTransport(await network.listen(), plan: FaultPlan(seed: 4, cutAt: 2))
        let end = try await network.connect(Self.workers[0])
        for number in 0..<5 { try await end.mustSend(.credit(Credit(count: number))) }
        for number in 0..<2 {
            #expect(try await coordinator.nextMessage().message == .credit(Credit(count: number)))
        }
        for _ in 0..<2 { #expect(await coordinator.nextEvent(before: nil) == .closed) }
        #expect(await end.nextEvent(before: nil) == .connected)
        #expect(await end.nextEvent(before: nil) == .disconnected)
    }

    @Test("a message that is held while the coordinator waits for an event leaves by itself")
    func heldWhileWaiting() async throws {
        let network = InMemoryNetwork()
        let coordinator = FaultyCoordinatorTransport(await network.listen(), plan: FaultPlan(seed: 1, hold: 1))
        let end = try await network.connect(Self.workers[0])
        let waiting = Task { await coordinator.nextEvent(before: nil) }
        try await end.waitFor(.connected)
        #expect(try await coordinator.send(.drain(Drain(reason: "done")), to: Self.workers[0].peer()) == .sent)
        async let arrived = end.nextMessage()
        try await end.mustSend(.bye(Bye(reason: "x")))
        #expect(await waiting.value == .message(.bye(Bye(reason: "x")), from: try Self.workers[0].peer()))
        _ = await coordinator.nextEvent(before: .now - .seconds(1))
        #expect(try await arrived == .drain(Drain(reason: "done")))
    }
}
