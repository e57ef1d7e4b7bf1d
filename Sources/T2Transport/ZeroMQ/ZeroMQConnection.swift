import CZeroMQ
import Foundation
import T2Core

/// The common part of both ZeroMQ transports: a socket with its monitor, the I/O thread's turns, and the messages that wait.
///
/// It belongs to one transport, whose executor is the thread. Invariants: sockets are used on that thread alone; nothing waits
/// except in the poll.
final class ZeroMQConnection<Event: Sendable> {
    let thread: IOThread
    let codec: MessageCodec
    let heartbeat: Data
    var inbox: Inbox<Event>
    /// Messages of a DEALER that wait. A ROUTER's messages never do.
    var outbox = Outbox(refusal: .unreachable)
    /// The time until which the poll may wait, besides the waits' deadlines.
    var nextTurn: ContinuousClock.Instant?

    // `close` releases these in this order: the socket first, its context last.
    private(set) var socket: ZeroMQSocket?
    private var monitor: ConnectionMonitor?
    var authenticator: Authenticator?
    private var context: ZeroMQContext?
    /// Whether events of connections are handled while the consumer lags, because other ends make them at will.
    private let isListening: Bool
    private let heartbeatEvery: Duration
    private var nextHeartbeat: ContinuousClock.Instant

    /// - Parameters:
    ///   - admission: the keys that may connect; nil for a socket that does not ask.
    ///   - configure: sets the options that only this type of socket has.
    ///   - open: binds or connects the socket.
    init(
        _ type: Int32, _ options: ZeroMQOptions, admission: Admission? = nil,
        configure: (borrowing ZeroMQSocket) throws -> Void, open: (borrowing ZeroMQSocket) throws -> Void
    ) throws {
        let context = try ZeroMQContext()
        let socket = try ZeroMQSocket(context, type)
        try options.apply(to: socket)
        try configure(socket)
        let monitor = try ConnectionMonitor(socket, context)
        authenticator = nil
        if let admission { authenticator = try Authenticator(admission, context) }
        try open(socket)
        codec = MessageCodec(limits: options.limits)
        heartbeat = try codec.encode(.heartbeat(Heartbeat()))
        thread = try IOThread()
        inbox = Inbox(eventLimit: options.inboxEvents, byteLimit: options.inboxBytes)
        isListening = type == ZMQ_ROUTER
        heartbeatEvery = options.heartbeatEvery
        nextHeartbeat = .now + heartbeatEvery
        self.context = consume context
        self.socket = consume socket
        self.monitor = consume monitor
    }

    var isOpen: Bool { socket != nil }

    /// Sends a whole message or none of it.
    func send(_ message: Data, to peer: PeerIdentity? = nil) -> SendResult {
        socket?.send(message, to: peer) ?? .unreachable
    }

    /// Ends every wait; the consumer's with the last event.
    func close(with last: Event) {
        socket = nil
        monitor = nil
        authenticator = nil
        context = nil
        outbox.close(with: .unreachable)
        inbox.consumers.close(with: last)
    }

    /// One turn of the I/O thread; returns false once the connection is closed.
    ///
    /// - Parameters:
    ///   - onMessage: receives the frames of a message, two more than it should have at most.
    ///   - onRefusal: receives the reason why a connection was not admitted.
    ///   - onDrained: is called when no message waits in the socket.
    func turn(
        onMessage: (ZeroMQSocket.Received) -> Void, onChange: (ConnectionMonitor.Event) -> Void,
        onRefusal: (String) -> Void = { _ in }, onDrained: () -> Void = {}, onHeartbeat: () -> Void
    ) -> Bool {
        guard isOpen else { return false }
        let ready = poll()
        while let answer = authenticator?.answer() {
            if !answer.isEmpty { onRefusal(answer) }
        }
        if ready.changes {
            while inbox.hasRoom || isListening, let event = monitor?.next() { onChange(event) }
        }
        if ready.messages {
            // The number of messages per turn is bounded, so that calls and heartbeats are not delayed.
            for _ in 0..<64 where inbox.hasRoom {
                guard let message = socket?.receive(limit: 3) else {
                    onDrained()
                    break
                }
                onMessage(message)
            }
        } else if inbox.hasRoom {
            onDrained()
        }
        let now = ContinuousClock.now
        outbox.answer(with: .sent) { send($0) == .sent }
        outbox.expire(at: now)
        inbox.consumers.expire(at: now)
        if now >= nextHeartbeat {
            onHeartbeat()
            nextHeartbeat = now + heartbeatEvery
        }
        return true
    }

    private func poll() -> (messages: Bool, changes: Bool) {
        guard let socket = socket?.handle, let monitor = monitor?.socket.handle else { return (false, false) }
        let reading = inbox.hasRoom ? Int16(ZMQ_POLLIN) : 0
        let writing = outbox.isEmpty ? 0 : Int16(ZMQ_POLLOUT)
        var items = [
            zmq_pollitem_t(socket: nil, fd: thread.wakeDescriptor, events: Int16(ZMQ_POLLIN), revents: 0),
            zmq_pollitem_t(socket: socket, fd: 0, events: reading | writing, revents: 0),
            zmq_pollitem_t(socket: monitor, fd: 0, events: isListening ? Int16(ZMQ_POLLIN) : reading, revents: 0),
        ]
        if let handle = authenticator?.socket.handle {
            items.append(zmq_pollitem_t(socket: handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
        }
        let deadlines = [inbox.consumers.nextDeadline, outbox.nextDeadline, nextTurn].compactMap(\.self)
        let timeout = ContinuousClock.now.duration(to: deadlines.reduce(nextHeartbeat, min)).milliseconds
        guard zmq_poll(&items, Int32(items.count), Int(timeout)) > 0 else { return (false, false) }
        return (items[1].revents & Int16(ZMQ_POLLIN) != 0, items[2].revents != 0)
    }
}
