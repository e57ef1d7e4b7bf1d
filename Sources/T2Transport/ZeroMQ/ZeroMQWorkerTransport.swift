import CZeroMQ
import Foundation
import T2Core

/// A worker's transport: a DEALER socket on its own thread, which is this actor's executor.
///
/// Invariant: messages are sent in the order of the `send` calls.
package actor ZeroMQWorkerTransport: WorkerTransport {
    private nonisolated let thread: IOThread
    private let connection: ZeroMQConnection<WorkerEvent>
    private var heard: ContinuousClock.Instant?
    private var isConnected = false
    /// The endpoints at which the coordinator may be; the socket is connected to the one with this index.
    private let endpoints: [Endpoint]
    private var current = 0
    private var connecting = ContinuousClock.now
    /// The time after which another endpoint is tried.
    private static let patience: Duration = .seconds(5)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects, and keeps trying with back-off until a coordinator accepts. The caller must call `close`.
    ///
    /// - Parameter endpoint: on this machine, where no keys are needed.
    /// - Throws: `TransportError` with the endpoint, the problem and the remedy; `InputError` about the worker's name.
    package static func connect(
        to endpoint: String, as worker: WorkerIdentifier, options: ZeroMQOptions = ZeroMQOptions()
    ) throws -> ZeroMQWorkerTransport {
        let parsed = try Endpoint(endpoint, isListening: false)
        guard parsed.isLoopback else { throw TransportError.noInvitation(endpoint) }
        return try connect(to: [parsed], keys: nil, worker, options)
    }

    /// Connects with the keys of an invitation, as above, to its endpoints in turn.
    package static func connect(
        with invitation: Invitation, as worker: WorkerIdentifier, options: ZeroMQOptions = ZeroMQOptions()
    ) throws -> ZeroMQWorkerTransport {
        let endpoints = try invitation.endpoints.flatMap { try Endpoint($0, isListening: false).candidates }
        return try connect(to: endpoints, keys: (invitation.serverKey, invitation.keys), worker, options)
    }

    private static func connect(
        to endpoints: [Endpoint], keys: (server: CurveKey, own: CurveKeyPair)?, _ worker: WorkerIdentifier,
        _ options: ZeroMQOptions
    ) throws -> ZeroMQWorkerTransport {
        try worker.requireValidName()
        let transport = try ZeroMQWorkerTransport(endpoints, keys, options)
        transport.thread.start { transport.assumeIsolated { $0.turn() } }
        return transport
    }

    private init(
        _ endpoints: [Endpoint], _ keys: (server: CurveKey, own: CurveKeyPair)?, _ options: ZeroMQOptions
    ) throws {
        self.endpoints = endpoints
        connection = try ZeroMQConnection(ZMQ_DEALER, options) { dealer in
            // Reconnecting is fast if the coordinator restarts, and backs off if it stays away.
            try dealer.set(ZMQ_RECONNECT_IVL, Int32(100))
            try dealer.set(ZMQ_RECONNECT_IVL_MAX, Int32(30_000))
            guard let keys else { return }
            try dealer.set(ZMQ_CURVE_SERVERKEY, Array(keys.server.description.utf8))
            try dealer.set(ZMQ_CURVE_PUBLICKEY, Array(keys.own.publicKey.description.utf8))
            try dealer.set(ZMQ_CURVE_SECRETKEY, Array(keys.own.secretKey.description.utf8))
        } open: {
            try $0.connect(endpoints[0])
        }
        thread = connection.thread
    }

    package func send(
        _ message: Message, before deadline: ContinuousClock.Instant?
    ) async throws(ProtocolError) -> SendResult {
        let frame = try connection.codec.encode(message)
        let ticket = WaitTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                let wait = Wait(ticket, until: deadline, $0)
                if connection.outbox.isEmpty, connection.send(frame) == .sent {
                    wait.end(with: .sent)
                } else if connection.isOpen {
                    connection.outbox.append(wait, frame)
                } else {
                    wait.end(with: .unreachable)
                }
            }
        } onCancel: {
            Task { await self.cancelSend(ticket) }
        }
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> WorkerEvent? {
        // While the inbox was full nothing was read, so the coordinator counts as heard.
        if !connection.inbox.hasRoom { heard = heard.map { _ in .now } }
        let ticket = WaitTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                connection.inbox.take(Wait(ticket, until: deadline, $0), last: connection.isOpen ? nil : .closed)
            }
        } onCancel: {
            Task { await self.cancelReceive(ticket) }
        }
    }

    package func lastHeard() -> ContinuousClock.Instant? {
        // While reading is paused, the coordinator counts as heard.
        connection.inbox.hasRoom ? heard : heard.map { _ in .now }
    }

    package func close() { connection.close(with: .closed) }

    private func cancelSend(_ ticket: WaitTicket) { connection.outbox.cancel(ticket) }

    private func cancelReceive(_ ticket: WaitTicket) { connection.inbox.consumers.cancel(ticket) }

    private func turn() -> Bool {
        let isOpen = connection.turn {
            receive($0.frames)
        } onChange: {
            note($0)
        } onHeartbeat: {
            // Waiting messages show liveness as well, so no heartbeat is needed.
            if connection.outbox.isEmpty { _ = connection.send(connection.heartbeat) }
            tryNextEndpoint()
        }
        return isOpen
    }

    private func note(_ change: ConnectionMonitor.Event) {
        switch change {
        case .established:
            isConnected = true
            connection.inbox.deliver(.connected)
        case .ended where isConnected:
            isConnected = false
            connecting = .now
            connection.inbox.deliver(.disconnected)
        case .failed(let reason): connection.inbox.deliver(.connectionFailed(reason: reason))
        case .refused:
            refuse(
                "the coordinator does not take this worker's key: it was revoked, has expired, or belongs to another run",
                remedy: "Ask for a new invitation; the coordinator's log says why.")
        case .otherMechanism:
            refuse(
                "one side is encrypted, and the other one is not",
                remedy: "Join a coordinator that has keys with an invitation, and one without keys by its endpoint.")
        case .ended, .accepted: break
        }
    }

    private func refuse(_ reason: String, remedy: String) {
        connection.inbox.deliver(.refused(reason: reason, remedy: remedy))
    }

    private func tryNextEndpoint() {
        guard !isConnected, endpoints.count > 1, .now - connecting > Self.patience else { return }
        connecting = .now
        connection.socket?.disconnect(endpoints[current])
        current = (current + 1) % endpoints.count
        try? connection.socket?.connect(endpoints[current])
    }

    private func receive(_ frames: [Data]) {
        do throws(ProtocolError) {
            let frame = try MessageFrame.only(of: frames)
            let message = try connection.codec.decode(frame)
            heard = .now
            if case .heartbeat = message { return }
            connection.inbox.deliver(.message(message), byteCount: frame.count)
        } catch {
            connection.inbox.deliver(.malformed(error))
        }
    }
}
