import CZeroMQ
import Foundation
import Synchronization
import T2Core
import T2Transport
import Testing

@Suite struct HeartbeatTests {
    @Test("both sides hear each other without a word from the programs")
    func bothWays() async throws {
        try await ZeroMQTransportTests.withCoordinator(ZeroMQTransportTests.quick()) { coordinator in
            let identifier = WorkerIdentifier.named("alpha")
            let worker = try ZeroMQWorkerTransport.connect(
                to: coordinator.endpoint, as: identifier, options: ZeroMQTransportTests.quick())
            let deadline = ContinuousClock.now + patience
            var coordinatorHeard: Set<ContinuousClock.Instant> = []
            var workerHeard: Set<ContinuousClock.Instant> = []
            while coordinatorHeard.count < 3 || workerHeard.count < 3, ContinuousClock.now < deadline {
                if let instant = await coordinator.lastHeard().values.first { coordinatorHeard.insert(instant) }
                if let instant = await worker.lastHeard() { workerHeard.insert(instant) }
                // Nothing but heartbeats passes, and those are no events.
                #expect(await coordinator.nextEvent(before: .now + .milliseconds(5)) == nil)
            }
            #expect(coordinatorHeard.count >= 3 && workerHeard.count >= 3)
            await worker.close()
        }
    }

    @Test("a peer in the middle of a long message is heard, byte by byte")
    func longMessage() async throws {
        try await ZeroMQTransportTests.withCoordinator(ZeroMQTransportTests.quick()) { coordinator in
            let peer = try RawPeer(greeting: coordinator.endpoint)
            peer.send(frame: Array(try MessageCodec().encode(.credit(Credit(count: 1)))), more: false)
            let identity = try await coordinator.nextMessage().peer
            // The start of a frame of 60,000 bytes.
            peer.send([2, 0, 0, 0, 0, 0, 0, 0xea, 0x60])
            var heard: Set<ContinuousClock.Instant> = []
            let deadline = ContinuousClock.now + patience
            while heard.count < 4, .now < deadline {
                peer.send([7])
                if let instant = await coordinator.lastHeard()[identity] { heard.insert(instant) }
                #expect(await coordinator.nextEvent(before: .now + .milliseconds(20)) == nil)
            }
            #expect(heard.count >= 4)
            peer.close()
        }
    }

    @Test("heartbeats flow while every thread of the program computes")
    func whileComputing() async throws {
        let listener = try HeartbeatListener()
        let worker = try ZeroMQWorkerTransport.connect(
            to: listener.endpoint, as: .named("alpha"), options: ZeroMQTransportTests.quick())
        try await worker.waitFor(.connected)
        // From here to the last heartbeat no thread of Swift's pool is free for anybody.
        let isOver = SharedFlag()
        let width = ProcessInfo.processInfo.activeProcessorCount
        async let computing: Void = withTaskGroup(of: Void.self) { group in
            for _ in 0..<width {
                group.addTask {
                    while !isOver.isRaised {}
                }
            }
        }
        listener.start(counting: 5, raising: isOver)
        await computing
        #expect(listener.heartbeats >= 5)
        await worker.close()
    }
}

/// Raised once, by any thread.
final class SharedFlag: Sendable {
    private let value = Atomic(false)
    var isRaised: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}

/// A plain ROUTER on a thread of its own that counts heartbeats: no part of it needs Swift's thread pool.
private final class HeartbeatListener: Sendable {
    let endpoint: String
    private let count = Atomic(0)
    private let sockets: Mutex<Sockets>

    private struct Sockets: @unchecked Sendable {
        let context: UnsafeMutableRawPointer
        let router: UnsafeMutableRawPointer
    }

    var heartbeats: Int { count.load(ordering: .acquiring) }

    init() throws {
        let context = try #require(zmq_ctx_new())
        let router = try #require(zmq_socket(context, ZMQ_ROUTER))
        var timeout: Int32 = 10_000
        zmq_setsockopt(router, ZMQ_RCVTIMEO, &timeout, 4)
        try #require(zmq_bind(router, "tcp://127.0.0.1:*") == 0)
        var name = [UInt8](repeating: 0, count: 100)
        var length = name.count
        zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, &name, &length)
        endpoint = String(decoding: name[..<(length - 1)], as: UTF8.self)
        sockets = Mutex(Sockets(context: context, router: router))
    }

    func start(counting target: Int, raising flag: SharedFlag) {
        Thread.detachNewThread { [self] in
            sockets.withLock { sockets in
                var buffer = [UInt8](repeating: 0, count: 64)
                while heartbeats < target {
                    let size = zmq_recv(sockets.router, &buffer, buffer.count, 0)
                    if size < 0 { break }
                    if String(decoding: buffer.prefix(Int(size)), as: UTF8.self).contains("HEARTBEAT") {
                        count.add(1, ordering: .releasing)
                    }
                }
                zmq_close(sockets.router)
                zmq_ctx_term(sockets.context)
            }
            flag.raise()
        }
    }
}
