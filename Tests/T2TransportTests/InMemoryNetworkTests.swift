import T2Core
import T2Transport
import Testing

@Suite struct InMemoryNetworkTests {
    static let alpha = WorkerIdentifier.named("alpha")

    @Test("a coordinator and a worker talk, and know when the other has gone")
    func exchange() async throws {
        let network = InMemoryNetwork()
        let worker = try await network.connect(Self.alpha)
        #expect(await worker.lastHeard() == nil)
        let coordinator = await network.listen()
        try await worker.waitFor(.connected)
        try await worker.mustSend(.result(SampleMessages.result))
        let (message, peer) = try await coordinator.nextMessage()
        #expect(try message == .result(SampleMessages.result) && peer == Self.alpha.peer())
        #expect(try await coordinator.send(.lease(SampleMessages.lease), to: peer) == .sent)
        #expect(try await worker.nextMessage() == .lease(SampleMessages.lease))
        await worker.close()
        #expect(await coordinator.nextEvent(before: nil) == .unreachable(peer))
        #expect(try await coordinator.send(.heartbeat(Heartbeat()), to: peer) == .unreachable)
        #expect(await worker.nextEvent(before: nil) == .closed)
        await coordinator.close()
        #expect(await coordinator.nextEvent(before: nil) == .closed)
    }

    @Test("what ZeroMQ could not carry, it does not carry either")
    func usesTheCodec() async throws {
        let network = InMemoryNetwork()
        let coordinator = await network.listen()
        let worker = try await network.connect(Self.alpha)
        var result = SampleMessages.result
        result.output.statistics.policyLoss = .nan
        await #expect(throws: ProtocolError.self) { try await worker.send(.result(result), before: nil) }
        await coordinator.close()
    }

    @Test("full queues hold the worker back and congest the coordinator")
    func backPressure() async throws {
        let network = InMemoryNetwork(queueLength: 4)
        let coordinator = await network.listen()
        let worker = try await network.connect(Self.alpha)
        let peer = try Self.alpha.peer()
        let sender = Task {
            for number in 0..<100 { try await worker.mustSend(.credit(Credit(count: number))) }
        }
        for number in 0..<100 { #expect(try await coordinator.nextMessage().message == .credit(Credit(count: number))) }
        try await sender.value
        var sent = 0
        while try await coordinator.send(.heartbeat(Heartbeat()), to: peer) == .sent { sent += 1 }
        #expect(sent == 3, "the fourth place is taken by .connected")
        #expect(try await coordinator.send(.heartbeat(Heartbeat()), to: peer) == .congested)
        await coordinator.close()
    }

    @Test("a frozen worker falls silent while the others are heard, and nobody is told")
    func freezing() async throws {
        let start = ContinuousClock.now
        let network = InMemoryNetwork(startingAt: start)
        let coordinator = await network.listen()
        let beta = WorkerIdentifier.named("beta")
        let frozen = try await network.connect(Self.alpha)
        let healthy = try await network.connect(beta)
        for worker in [frozen, healthy] {
            #expect(try await worker.send(.credit(Credit(count: 1)), before: nil) == .sent)
            _ = try await coordinator.nextMessage()
        }
        try await network.freeze(Self.alpha)
        await network.advance(by: .seconds(20))
        #expect(try await coordinator.send(.drain(Drain(reason: "x")), to: Self.alpha.peer()) == .sent)
        #expect(try await frozen.send(.credit(Credit(count: 2)), before: nil) == .sent)
        #expect(try await coordinator.lastHeard() == [Self.alpha.peer(): start, beta.peer(): start + .seconds(20)])
        #expect(await coordinator.nextEvent(before: start) == nil)
        try await network.restore(Self.alpha)
        #expect(try await coordinator.lastHeard()[Self.alpha.peer()] == start + .seconds(20))
    }

    @Test("a cut is noticed on both sides; what waited is sent when it is mended")
    func cutting() async throws {
        let network = InMemoryNetwork()
        let coordinator = await network.listen()
        let worker = try await network.connect(Self.alpha)
        let peer = try Self.alpha.peer()
        try await worker.mustSend(.credit(Credit(count: 1)))
        _ = try await coordinator.nextMessage()
        try await network.cut(Self.alpha)
        try await worker.waitFor(.disconnected)
        #expect(await coordinator.nextEvent(before: nil) == .unreachable(peer))
        #expect(await coordinator.lastHeard().isEmpty)
        #expect(try await worker.send(.credit(Credit(count: 2)), within: .milliseconds(1)) == .unreachable)
        async let waiting: Void = worker.mustSend(.credit(Credit(count: 3)))
        try await network.restore(Self.alpha)
        #expect(try await coordinator.nextMessage().message == .credit(Credit(count: 3)))
        try await waiting
        try await worker.waitFor(.connected)
    }

    @Test("a restarted coordinator is told from the one before")
    func restart() async throws {
        let network = InMemoryNetwork()
        let first = await network.listen()
        let worker = try await network.connect(Self.alpha)
        try await worker.waitFor(.connected)
        let second = await network.listen()
        try await worker.waitFor(.disconnected)
        try await worker.waitFor(.connected)
        try await worker.mustSend(.credit(Credit(count: 1)))
        #expect(await first.nextEvent(before: nil) == .closed)
        #expect(try await first.send(.heartbeat(Heartbeat()), to: Self.alpha.peer()) == .unreachable)
        #expect(try await second.nextMessage().message == .credit(Credit(count: 1)))
    }

    @Test("waits end when the time given passes, not before")
    func manualTime() async throws {
        let start = ContinuousClock.now
        let network = InMemoryNetwork(startingAt: start)
        let coordinator = await network.listen()
        async let waiting = coordinator.nextEvent(before: start + .seconds(60))
        await network.advance(by: .seconds(59))
        let worker = try await network.connect(Self.alpha)
        #expect(try await worker.send(.credit(Credit(count: 1)), before: nil) == .sent)
        #expect(try await waiting == .message(.credit(Credit(count: 1)), from: Self.alpha.peer()))
        async let late = coordinator.nextEvent(before: start + .seconds(60))
        await network.advance(by: .seconds(1))
        #expect(await late == nil)
    }
}
