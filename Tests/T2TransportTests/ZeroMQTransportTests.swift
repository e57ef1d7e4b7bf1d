import Foundation
import T2Core
import T2Transport
import Testing

/// Real sockets over loopback.
@Suite struct ZeroMQTransportTests {
    /// A coordinator on a free port and a way to join it; everything is closed in the end.
    static func withCoordinator(
        _ options: ZeroMQOptions = ZeroMQOptions(),
        _ body: (ZeroMQCoordinatorTransport) async throws -> Void
    ) async throws {
        let coordinator = try ZeroMQCoordinatorTransport.listen(on: ["tcp://127.0.0.1:*"], options: options)
        do {
            try await body(coordinator)
        } catch {
            await coordinator.close()
            throw error
        }
        await coordinator.close()
    }

    static func quick() -> ZeroMQOptions {
        var options = ZeroMQOptions()
        options.heartbeatEvery = .milliseconds(20)
        return options
    }

    @Test("a free port is taken and reported")
    func reportsEndpoint() async throws {
        try await Self.withCoordinator { coordinator in
            let port = try #require(coordinator.endpoint.split(separator: ":").last.flatMap { UInt16($0) })
            #expect(coordinator.endpoint == "tcp://127.0.0.1:\(port)")
        }
    }

    @Test("two workers say hello, take leases and return megabytes of result")
    func exchange() async throws {
        try await Self.withCoordinator { coordinator in
            let names = ["alpha", "beta"]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask { try await Self.work(as: .named(name), at: coordinator.endpoint) }
                }
                var results: [PeerIdentity: UnitResult] = [:]
                while results.count < names.count {
                    let (message, peer) = try await coordinator.nextMessage("hellos and results")
                    switch message {
                    case .hello(let hello):
                        #expect(names.contains(hello.worker.name) && peer.address == "127.0.0.1")
                        #expect(try await coordinator.send(.welcome(Welcome(epoch: 1, runs: [])), to: peer) == .sent)
                        #expect(try await coordinator.send(.lease(SampleMessages.lease), to: peer) == .sent)
                    case .result(let result):
                        results[peer] = result
                        let verdict = Acknowledgement(unit: result.unit, attempt: 1, verdict: .accepted)
                        #expect(try await coordinator.send(.acknowledgement(verdict), to: peer) == .sent)
                    default: Issue.record("unexpected \(message.kind)")
                    }
                }
                for result in results.values { #expect(result == SampleMessages.result(gradientBytes: 5_000_000)) }
                try await group.waitForAll()
            }
        }
    }

    private static func work(as worker: WorkerIdentifier, at endpoint: String) async throws {
        let transport = try ZeroMQWorkerTransport.connect(to: endpoint, as: worker)
        try await transport.waitFor(.connected)
        var hello = SampleMessages.hello
        hello.worker = worker
        try await transport.mustSend(.hello(hello))
        #expect(try await transport.nextMessage("WELCOME").kind == .welcome)
        #expect(try await transport.nextMessage("a lease") == .lease(SampleMessages.lease))
        try await transport.mustSend(.result(SampleMessages.result(gradientBytes: 5_000_000)))
        guard case .acknowledgement(let body) = try await transport.nextMessage("an ACK") else {
            Issue.record("expected an ACK")
            return
        }
        #expect(body.verdict == .accepted)
        await transport.close()
    }

    @Test("a vanished worker is reported, sends to it fail, and its next connection is another peer")
    func vanishing() async throws {
        try await Self.withCoordinator(Self.quick()) { coordinator in
            let first = WorkerIdentifier.named("alpha", incarnation: 1)
            let second = WorkerIdentifier.named("alpha", incarnation: 2)
            let other = WorkerIdentifier.named("beta")
            let staying = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: other)
            try await staying.mustSend(.credit(Credit(count: 1)))
            let stayed = try await coordinator.nextMessage().peer

            let leaving = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: first)
            try await leaving.mustSend(.credit(Credit(count: 2)))
            let gone = try await coordinator.nextMessage().peer
            await leaving.close()
            try await coordinator.next("the end of the connection") { $0 == .unreachable(gone) ? () : nil }
            #expect(try await coordinator.send(.drain(Drain(reason: "x")), to: gone) == .unreachable)
            #expect(await coordinator.lastHeard().keys.map(\.bytes) == [stayed.bytes])

            let returning = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: second)
            try await returning.mustSend(.credit(Credit(count: 3)))
            let (message, peer) = try await coordinator.nextMessage()
            #expect(message == .credit(Credit(count: 3)))
            #expect(peer != gone && peer != stayed)
            #expect(try await coordinator.send(.drain(Drain(reason: "y")), to: stayed) == .sent)
            #expect(try await staying.nextMessage() == .drain(Drain(reason: "y")))
            await returning.close()
            await staying.close()
        }
    }

    @Test("a worker waits for a coordinator, notices its end, and joins the next one on the same port")
    func coordinatorRestart() async throws {
        let first = try ZeroMQCoordinatorTransport.listen(on: ["tcp://127.0.0.1:0"])
        let endpoint = first.endpoint
        let worker = try ZeroMQWorkerTransport.connect(to: endpoint, as: .named("alpha"))
        try await worker.waitFor(.connected)
        await first.close()
        #expect(await first.nextEvent(before: nil) == .closed)
        try await worker.waitFor(.disconnected)
        try await worker.next("a failed attempt") { event in
            if case .connectionFailed = event { () } else { nil }
        }
        let impatient = try await worker.send(.credit(Credit(count: 1)), within: .milliseconds(1))
        #expect(impatient == .unreachable)

        let second = try ZeroMQCoordinatorTransport.listen(on: [endpoint])
        try await worker.waitFor(.connected)
        try await worker.mustSend(.credit(Credit(count: 2)))
        #expect(try await second.nextMessage().message == .credit(Credit(count: 2)))
        await worker.close()
        await second.close()
    }

    @Test("20,000 messages of an admitted worker arrive once and in order, though the reader is slower")
    func backPressure() async throws {
        try await Self.withCoordinator { coordinator in
            let count = 20_000
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
            try await worker.mustSend(.credit(Credit(count: 1)))
            let peer = try await coordinator.nextMessage().peer
            #expect(try await coordinator.send(.welcome(Welcome(epoch: 1, runs: [])), to: peer) == .sent)
            let sender = Task {
                for number in 0..<count {
                    let progress = Progress(unit: SampleMessages.unit, attempt: 1, tokens: number)
                    try await worker.mustSend(.progress(progress))
                }
            }
            var arrived: [Int] = []
            while arrived.count < count, case .progress(let progress) = try await coordinator.nextMessage().message {
                arrived.append(progress.tokens)
            }
            #expect(arrived == Array(0..<count))
            try await sender.value
            await worker.close()
        }
    }

    @Test("a worker that does not read is congested, not a reason to fill memory")
    func congestion() async throws {
        var options = ZeroMQOptions()
        options.queueLength = 4
        options.inboxEvents = 4
        try await Self.withCoordinator(options) { coordinator in
            let identifier = WorkerIdentifier.named("alpha")
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: identifier, options: options)
            try await worker.mustSend(.credit(Credit(count: 1)))
            let peer = try await coordinator.nextMessage().peer
            let blob = SampleMessages.blob(bytes: 4 << 20)
            var sent = 0
            while try await coordinator.send(blob, to: peer) == .sent, sent < 1000 { sent += 1 }
            #expect((1..<100).contains(sent))
            // What was accepted arrives all the same, and then there is room again.
            for _ in 0..<sent { #expect(try await worker.nextMessage() == blob) }
            #expect(try await coordinator.send(blob, to: peer) == .sent)
            await worker.close()
        }
    }

    @Test(
        "what is queued is sent before a close is done, and taken although its connection has ended", arguments: 1...20)
    func linger(time: Int) async throws {
        try await Self.withCoordinator { coordinator in
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
            try await worker.mustSend(.credit(Credit(count: 1)))
            let peer = try await coordinator.nextMessage().peer
            #expect(try await coordinator.send(.welcome(Welcome(epoch: 1, runs: [])), to: peer) == .sent)
            let result = Message.result(SampleMessages.result(gradientBytes: 8_000_000))
            try await worker.mustSend(result)
            try await worker.mustSend(.bye(Bye(reason: "SIGTERM")))
            await worker.close()
            #expect(try await coordinator.nextMessage().message == result)
            #expect(try await coordinator.nextMessage().message == .bye(Bye(reason: "SIGTERM")))
        }
    }

    @Test("after a close every call returns at once and the port is free")
    func closed() async throws {
        let coordinator = try ZeroMQCoordinatorTransport.listen(on: ["tcp://127.0.0.1:0"])
        let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
        let peer = PeerIdentity(bytes: Array("alpha".utf8))
        try await worker.waitFor(.connected)
        let waiting = Task { await coordinator.nextEvent(before: nil) }
        await worker.close()
        await coordinator.close()
        await coordinator.close()
        #expect(await waiting.value == .closed)
        #expect(await coordinator.nextEvent(before: nil) == .closed)
        #expect(try await coordinator.send(.heartbeat(Heartbeat()), to: peer) == .unreachable)
        #expect(await worker.nextEvent(before: nil) == .closed)
        #expect(try await worker.send(.heartbeat(Heartbeat()), before: nil) == .unreachable)
        await (try ZeroMQCoordinatorTransport.listen(on: [coordinator.endpoint])).close()
    }

    @Test("waits end at their deadline and when their task is cancelled")
    func waits() async throws {
        try await Self.withCoordinator { coordinator in
            #expect(await coordinator.nextEvent(before: .now + .milliseconds(5)) == nil)
            let waiting = Task { await coordinator.nextEvent(before: nil) }
            waiting.cancel()
            #expect(await waiting.value == nil)
            // Nobody listens there: the worker's wait for a connection is cancelled too.
            let worker = try ZeroMQWorkerTransport.connect(to: "tcp://127.0.0.1:9", as: .named("alpha"))
            let sending = Task { try await worker.send(.credit(Credit(count: 1)), before: nil) }
            sending.cancel()
            #expect(try await sending.value == .unreachable)
            await worker.close()
        }
    }
}
