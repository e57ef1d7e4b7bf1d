import CZeroMQ
import Foundation
import T2Core

/// A worker's transport: a DEALER socket on its own thread, which is this actor's executor.
///
/// Invariants: sockets are used on that thread alone; nothing here waits except in the poll; messages are sent in the order of
/// the `send` calls.
package actor ZeroMQWorkerTransport: WorkerTransport {
    private nonisolated let thread: IOThread
    private let options: ZeroMQOptions
    private let codec: MessageCodec
    private let heartbeat: [Data]
    // `close` releases these in this order: the socket first, its context last.
    private var dealer: ZeroMQSocket?
    private var monitor: ConnectionMonitor?
    private var context: ZeroMQContext?

    private var inbox: Inbox<WorkerEvent>
    private var outbox = Outbox()
    private var heard: ContinuousClock.Instant?
    private var nextHeartbeat: ContinuousClock.Instant
    private var isConnected = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects, and keeps trying with back-off until a coordinator accepts. The caller must call `close`.
    ///
    /// - Throws: `TransportError` with the endpoint, the problem and the remedy; `InputError` about the worker's name.
    package static func connect(
        to endpoint: String, as worker: WorkerIdentifier, options: ZeroMQOptions = ZeroMQOptions()
    ) throws -> ZeroMQWorkerTransport {
        let transport = try ZeroMQWorkerTransport(endpoint, worker, options)
        transport.thread.start(name: "t2-transport") { transport.assumeIsolated { $0.turn() } }
        return transport
    }

    private init(_ text: String, _ worker: WorkerIdentifier, _ options: ZeroMQOptions) throws {
        let endpoint = try Endpoint(connecting: text)
        let context = try ZeroMQContext()
        let dealer = try ZeroMQSocket(context, ZMQ_DEALER)
        try options.apply(to: dealer)
        // The coordinator replies to this name; a new incarnation is a new peer.
        try dealer.set(ZMQ_ROUTING_ID, try PeerIdentity(worker).bytes)
        // Reconnecting is fast if the coordinator restarts, and backs off if it stays away.
        try dealer.set(ZMQ_RECONNECT_IVL, Int32(100))
        try dealer.set(ZMQ_RECONNECT_IVL_MAX, Int32(30_000))
        if endpoint.isIPv6 { try dealer.set(ZMQ_IPV6, Int32(1)) }
        let monitor = try ConnectionMonitor(dealer, context)
        try dealer.connect(endpoint)
        self.options = options
        codec = MessageCodec(limits: options.limits)
        heartbeat = try codec.encode(.heartbeat(Heartbeat()))
        thread = try IOThread()
        inbox = Inbox(eventLimit: options.inboxEvents, byteLimit: options.inboxBytes)
        nextHeartbeat = .now + options.heartbeatEvery
        self.context = consume context
        self.dealer = consume dealer
        self.monitor = consume monitor
    }

    package func send(
        _ message: Message, before deadline: ContinuousClock.Instant?
    ) async throws(ProtocolError) -> SendOutcome {
        let frames = try codec.encode(message)
        if outbox.isEmpty, transmit(frames) { return .sent }
        if dealer == nil || Task.isCancelled { return .unreachable }
        let ticket = outbox.ticket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { outbox.wait(ticket, frames, until: deadline, $0) }
        } onCancel: {
            Task { await self.cancelSend(ticket) }
        }
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> WorkerEvent? {
        // While the inbox was full nothing was read, so the coordinator counts as heard.
        if !inbox.hasRoom { heard = heard.map { _ in .now } }
        if let event = inbox.take() { return event }
        if dealer == nil { return .closed }
        if Task.isCancelled { return nil }
        let ticket = inbox.ticket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { inbox.wait(ticket, until: deadline, $0) }
        } onCancel: {
            Task { await self.cancelWait(ticket) }
        }
    }

    package func lastHeard() -> ContinuousClock.Instant? {
        // While reading is paused, the coordinator counts as heard.
        inbox.hasRoom ? heard : heard.map { _ in .now }
    }

    package func close() {
        dealer = nil
        monitor = nil
        context = nil
        outbox.close()
        inbox.close(with: .closed)
    }

    private func cancelWait(_ ticket: UInt64) { inbox.cancel(ticket) }

    private func cancelSend(_ ticket: UInt64) { outbox.cancel(ticket) }

    /// One turn of the I/O thread; returns false once the transport is closed.
    private func turn() -> Bool {
        guard dealer != nil else { return false }
        let ready = poll()
        if ready.connections { readConnectionEvents() }
        if ready.messages { readMessages() }
        let now = ContinuousClock.now
        outbox.flush { transmit($0) }
        outbox.expire(at: now)
        inbox.expire(at: now)
        if now >= nextHeartbeat {
            // Waiting messages show liveness as well, so no heartbeat is needed.
            if outbox.isEmpty { _ = transmit(heartbeat) }
            nextHeartbeat = now + options.heartbeatEvery
        }
        return true
    }

    private func poll() -> (messages: Bool, connections: Bool) {
        guard let dealer = dealer?.handle, let monitor = monitor?.socket.handle else { return (false, false) }
        let reading = inbox.hasRoom ? Int16(ZMQ_POLLIN) : 0
        let writing = outbox.isEmpty ? 0 : Int16(ZMQ_POLLOUT)
        var items = [
            zmq_pollitem_t(socket: nil, fd: thread.wakeDescriptor, events: Int16(ZMQ_POLLIN), revents: 0),
            zmq_pollitem_t(socket: dealer, fd: 0, events: reading | writing, revents: 0),
            zmq_pollitem_t(socket: monitor, fd: 0, events: reading, revents: 0),
        ]
        let deadline = [inbox.nextDeadline, outbox.nextDeadline].compactMap(\.self).reduce(nextHeartbeat, min)
        let timeout = ContinuousClock.now.duration(to: deadline).milliseconds
        guard zmq_poll(&items, Int32(items.count), Int(timeout)) > 0 else { return (false, false) }
        return (items[1].revents & Int16(ZMQ_POLLIN) != 0, items[2].revents != 0)
    }

    private func readMessages() {
        // The number of messages per turn is bounded, so that calls and heartbeats are not delayed.
        for _ in 0..<64 where inbox.hasRoom {
            guard let frames = dealer?.receive(limit: MessageLimits.frames + 1) else { return }
            do throws(ProtocolError) {
                let message = try codec.decode(frames)
                heard = .now
                if case .heartbeat = message { continue }
                inbox.deliver(.message(message), byteCount: frames.reduce(0) { $0 + $1.count })
            } catch {
                inbox.deliver(.malformed(error))
            }
        }
    }

    private func readConnectionEvents() {
        while inbox.hasRoom, let event = monitor?.next() {
            switch event {
            case .established:
                isConnected = true
                inbox.deliver(.connected)
            case .ended where isConnected:
                isConnected = false
                inbox.deliver(.disconnected)
            case .ended: break
            case .failed(let reason): inbox.deliver(.connectionFailed(reason: reason))
            }
        }
    }

    private func transmit(_ frames: [Data]) -> Bool { dealer?.send(frames) == .sent }
}
