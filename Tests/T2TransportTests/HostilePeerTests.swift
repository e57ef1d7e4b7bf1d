import Foundation
import T2Core
import T2Transport
import Testing

/// Peers that speak ZeroMQ and mean harm.
@Suite struct HostilePeerTests {
    /// Sends frames of a message that never ends until the other end closes, or for 300 MB.
    ///
    /// - Returns: the bytes that were sent.
    private static func flood(_ peer: RawPeer) -> Int {
        let frame = [1, 250] + [UInt8](repeating: 7, count: 250)
        let piece = [UInt8]((0..<1_000).map { _ in frame }.joined())
        var sent = 0
        while sent < 300_000_000, peer.send(piece) { sent += piece.count }
        return sent
    }

    @Test("a message without end is cut off before it fills memory, and others go on", arguments: [false, true])
    func endless(isWelcomed: Bool) async throws {
        var options = ZeroMQOptions()
        options.largestReceived = 1 << 20
        try await ZeroMQTransportTests.withCoordinator(options) { coordinator in
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
            let before = try FuzzTests.residentMiB()
            let peer = try RawPeer(greeting: coordinator.endpoint)
            if isWelcomed {
                let credit = try MessageCodec().encode(.credit(Credit(count: 9)))
                peer.send(frame: Array(credit), more: false)
                let identity = try await coordinator.nextMessage().peer
                #expect(try await coordinator.send(.welcome(Welcome(epoch: 1, runs: [])), to: identity) == .sent)
            }
            async let flooding = onThread { Self.flood(peer) }
            let reason = try await coordinator.next("a report") { event in
                if case .strayConnection(let reason) = event { reason } else { nil }
            }
            #expect(reason.hasPrefix("127.0.0.1:") && reason.contains("without completing a message"), "\(reason)")
            #expect(try await flooding < 300_000_000)
            #expect(try FuzzTests.residentMiB() - before < 150)
            try await worker.mustSend(.credit(Credit(count: 2)))
            #expect(try await coordinator.nextMessage().message == .credit(Credit(count: 2)))
            peer.close()
            await worker.close()
        }
    }

    @Test("a peer that leaves while its messages wait to be read ends nothing but its connection")
    func leavesUnread() async throws {
        var options = ZeroMQTransportTests.quick()
        options.queueLength = 2
        options.inboxEvents = 2
        try await ZeroMQTransportTests.withCoordinator(options) { coordinator in
            let credit = Array(try MessageCodec().encode(.credit(Credit(count: 9))))
            let peer = try RawPeer(greeting: coordinator.endpoint)
            for _ in 0..<1_000 { peer.send(frame: credit, more: false) }
            // Nothing is read for many heartbeats, in which libzmq must not touch the connection that is gone.
            try await Task.sleep(for: .milliseconds(200))
            peer.reset()
            try await Task.sleep(for: .milliseconds(500))
            #expect(try await coordinator.nextMessage().message == .credit(Credit(count: 9)))
        }
    }

    @Test("a frame that is claimed and never completed is cut off")
    func claimed() async throws {
        try await ZeroMQTransportTests.withCoordinator { coordinator in
            let peer = try RawPeer(greeting: coordinator.endpoint)
            // 200 MiB are claimed, and 1 MiB comes.
            peer.send([2, 0, 0, 0, 0, 12, 128, 0, 0] + [UInt8](repeating: 1, count: 1 << 20))
            let reason = try await coordinator.next("a report") { event in
                if case .strayConnection(let reason) = event { reason } else { nil }
            }
            #expect(reason.contains("without completing a message"), "\(reason)")
            peer.close()
        }
    }

    @Test("a worker that sends only heartbeats is not cut off, however long")
    func heartbeats() async throws {
        var options = ZeroMQTransportTests.quick()
        options.heartbeatEvery = .milliseconds(1)
        options.limits.strangerBytes = 2_000
        try await ZeroMQTransportTests.withCoordinator(options) { coordinator in
            let worker = try ZeroMQWorkerTransport.connect(
                to: coordinator.endpoint, as: .named("alpha"), options: options)
            try await worker.mustSend(.credit(Credit(count: 1)))
            let peer = try await coordinator.nextMessage().peer
            #expect(try await coordinator.send(.welcome(Welcome(epoch: 1, runs: [])), to: peer) == .sent)
            let event = await coordinator.nextEvent(before: .now + .seconds(3))
            #expect(event == nil)
            await worker.close()
        }
    }

    @Test("peers that take one identity from each other disturb nobody")
    func twins() async throws {
        try await ZeroMQTransportTests.withCoordinator(ZeroMQTransportTests.quick()) { coordinator in
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
            try await worker.mustSend(.credit(Credit(count: 1)))
            let own = try await coordinator.nextMessage().peer
            let endpoint = coordinator.endpoint
            try await withThrowingTaskGroup(of: Void.self) { group in
                // The identity of the worker's connection, and one that only these share.
                for identity in [own.bytes, Array("twin".utf8), own.bytes, Array("twin".utf8)] {
                    group.addTask {
                        try await onThread {
                            for _ in 0..<200 {
                                guard let peer = try? RawPeer(greeting: endpoint, identity: identity) else { continue }
                                peer.send(frame: Array("x".utf8), more: false)
                                peer.send(frame: identity, more: false)
                                peer.close()
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await coordinator.send(.drain(Drain(reason: "still here")), to: own) == .sent)
            #expect(try await worker.nextMessage() == .drain(Drain(reason: "still here")))
            await worker.close()
        }
    }

    @Test("a peer that sends more than is taken and then breaks off disturbs nobody")
    func brokenOff() async throws {
        var options = ZeroMQTransportTests.quick()
        options.inboxEvents = 4
        try await ZeroMQTransportTests.withCoordinator(options) { coordinator in
            let peer = try RawPeer(greeting: coordinator.endpoint)
            let ping: [UInt8] = [4, 7, 4] + Array("PING".utf8) + [0, 0]
            peer.send([UInt8]((0..<300).map { _ in [0, 1, 0] + ping }.joined()))
            // Its messages have arrived, and most of them wait.
            _ = try peer.receive(until: "expected a message of")
            peer.reset()
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
            try await worker.mustSend(.credit(Credit(count: 2)))
            let credit = try await coordinator.next("the worker's message") { event in
                if case .message(.credit(let credit), _) = event { credit } else { nil }
            }
            #expect(credit == Credit(count: 2))
            await worker.close()
        }
    }

    @Test("connections beyond the limit are closed at once, and the others go on")
    func tooMany() async throws {
        var options = ZeroMQTransportTests.quick()
        options.connectionLimit = 8
        try await ZeroMQTransportTests.withCoordinator(options) { coordinator in
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
            try await worker.mustSend(.credit(Credit(count: 1)))
            let own = try await coordinator.nextMessage().peer
            let peers = try (0..<20).map { _ in try RawPeer(to: coordinator.endpoint) }
            let reason = try await coordinator.next("a report") { event in
                if case .strayConnection(let reason) = event { reason } else { nil }
            }
            #expect(reason.contains("there are 8 connections already") && reason.contains("ulimit -n"))
            #expect(try await coordinator.send(.drain(Drain(reason: "x")), to: own) == .sent)
            #expect(try await worker.nextMessage() == .drain(Drain(reason: "x")))
            for peer in peers { peer.close() }
            await worker.close()
        }
    }
}
