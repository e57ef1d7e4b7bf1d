import CZeroMQ
import Foundation
import T2Core

/// The coordinator's transport: a ROUTER socket on its own thread, which is this actor's executor.
///
/// Invariants: sockets are used on that thread alone; nothing here waits except in the poll.
package actor ZeroMQCoordinatorTransport: CoordinatorTransport {
    package nonisolated let endpoint: String
    private nonisolated let thread: IOThread
    private let options: ZeroMQOptions
    private let codec: MessageCodec
    private let heartbeat: [Data]
    // `close` releases these in this order: the socket first, its context last.
    private var router: ZeroMQSocket?
    private var monitor: ConnectionMonitor?
    private var context: ZeroMQContext?

    private var inbox: Inbox<CoordinatorEvent>
    private var heard: [PeerIdentity: ContinuousClock.Instant] = [:]
    private var nextHeartbeat: ContinuousClock.Instant

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Listens on `tcp://127.0.0.1:PORT`; port 0 takes a free one. The caller must call `close`.
    ///
    /// - Throws: `TransportError` with the endpoint, the problem and the remedy.
    package static func listen(
        on endpoint: String, options: ZeroMQOptions = ZeroMQOptions()
    ) throws -> ZeroMQCoordinatorTransport {
        let transport = try ZeroMQCoordinatorTransport(endpoint, options)
        transport.thread.start(name: "t2-transport") { transport.assumeIsolated { $0.turn() } }
        return transport
    }

    private init(_ text: String, _ options: ZeroMQOptions) throws {
        let endpoint = try Endpoint(listening: text)
        let context = try ZeroMQContext()
        let router = try ZeroMQSocket(context, ZMQ_ROUTER)
        try options.apply(to: router)
        // Sending to a disconnected peer must be an error rather than drop the message silently.
        try router.set(ZMQ_ROUTER_MANDATORY, Int32(1))
        // A worker whose connection broke unnoticed may reconnect under its name at once.
        try router.set(ZMQ_ROUTER_HANDOVER, Int32(1))
        if endpoint.isIPv6 { try router.set(ZMQ_IPV6, Int32(1)) }
        let monitor = try ConnectionMonitor(router, context)
        try router.bind(endpoint, as: text)
        self.endpoint = try router.lastEndpoint()
        self.options = options
        codec = MessageCodec(limits: options.limits)
        heartbeat = try codec.encode(.heartbeat(Heartbeat()))
        thread = try IOThread()
        inbox = Inbox(eventLimit: options.inboxEvents, byteLimit: options.inboxBytes)
        nextHeartbeat = .now + options.heartbeatEvery
        self.context = consume context
        self.router = consume router
        self.monitor = consume monitor
    }

    package func send(_ message: Message, to peer: PeerIdentity) throws(ProtocolError) -> SendOutcome {
        transmit(try codec.encode(message), to: peer)
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> CoordinatorEvent? {
        // While the inbox was full nothing was read, so every peer counts as heard.
        if !inbox.hasRoom { heard = heard.mapValues { _ in .now } }
        if let event = inbox.take() { return event }
        if router == nil { return .closed }
        if Task.isCancelled { return nil }
        let ticket = inbox.ticket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { inbox.wait(ticket, until: deadline, $0) }
        } onCancel: {
            Task { await self.cancelWait(ticket) }
        }
    }

    package func lastHeard() -> [PeerIdentity: ContinuousClock.Instant] {
        // While reading is paused, every peer counts as heard.
        inbox.hasRoom ? heard : heard.mapValues { _ in .now }
    }

    package func forget(_ peer: PeerIdentity) { heard[peer] = nil }

    package func close() {
        router = nil
        monitor = nil
        context = nil
        heard = [:]
        inbox.close(with: .closed)
    }

    private func cancelWait(_ ticket: UInt64) { inbox.cancel(ticket) }

    /// One turn of the I/O thread; returns false once the transport is closed.
    private func turn() -> Bool {
        guard router != nil else { return false }
        let ready = poll()
        if ready.connections { readConnectionEvents() }
        if ready.messages { readMessages() }
        let now = ContinuousClock.now
        inbox.expire(at: now)
        if now >= nextHeartbeat {
            sendHeartbeats()
            nextHeartbeat = now + options.heartbeatEvery
        }
        return true
    }

    private func poll() -> (messages: Bool, connections: Bool) {
        guard let router = router?.handle, let monitor = monitor?.socket.handle else { return (false, false) }
        let reading = inbox.hasRoom ? Int16(ZMQ_POLLIN) : 0
        var items = [
            zmq_pollitem_t(socket: nil, fd: thread.wakeDescriptor, events: Int16(ZMQ_POLLIN), revents: 0),
            zmq_pollitem_t(socket: router, fd: 0, events: reading, revents: 0),
            zmq_pollitem_t(socket: monitor, fd: 0, events: reading, revents: 0),
        ]
        let deadline = min(nextHeartbeat, inbox.nextDeadline ?? nextHeartbeat)
        let timeout = ContinuousClock.now.duration(to: deadline).milliseconds
        guard zmq_poll(&items, Int32(items.count), Int(timeout)) > 0 else { return (false, false) }
        return (items[1].revents != 0, items[2].revents != 0)
    }

    private func readMessages() {
        // The number of messages per turn is bounded, so that calls and heartbeats are not delayed.
        for _ in 0..<64 where inbox.hasRoom {
            guard let frames = router?.receive(limit: MessageLimits.frames + 2), let first = frames.first else {
                return
            }
            receive(Array(frames.dropFirst()), from: PeerIdentity(bytes: Array(first)))
        }
    }

    private func receive(_ frames: [Data], from peer: PeerIdentity) {
        do throws(ProtocolError) {
            let message = try codec.decode(frames)
            heard[peer] = .now
            if case .heartbeat = message { return }
            inbox.deliver(.message(message, from: peer), byteCount: frames.reduce(0) { $0 + $1.count })
        } catch {
            let report = ErrorReport(category: .malformedMessage, message: error.description)
            if let answer = try? codec.encode(.error(report)) { _ = router?.send([Data(peer.bytes)] + answer) }
            inbox.deliver(.malformed(error, from: peer))
        }
    }

    private func readConnectionEvents() {
        while inbox.hasRoom, let event = monitor?.next() {
            if case .failed(let reason) = event { inbox.deliver(.strayConnection(reason: reason)) }
        }
    }

    private func sendHeartbeats() {
        for peer in heard.keys { _ = transmit(heartbeat, to: peer) }
    }

    private func transmit(_ frames: [Data], to peer: PeerIdentity) -> SendOutcome {
        switch router?.send([Data(peer.bytes)] + frames) {
        case .sent: return .sent
        case .full: return .congested
        case .unreachable, nil:
            if heard.removeValue(forKey: peer) != nil { inbox.deliver(.unreachable(peer)) }
            return .unreachable
        }
    }
}
