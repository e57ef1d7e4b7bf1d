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

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects, and keeps trying with back-off until a coordinator accepts. The caller must call `close`.
    ///
    /// - Throws: `TransportError` with the endpoint, the problem and the remedy; `InputError` about the worker's name.
    package static func connect(
        to endpoint: String, as worker: WorkerIdentifier, options: ZeroMQOptions = ZeroMQOptions()
    ) throws -> ZeroMQWorkerTransport {
        let transport = try ZeroMQWorkerTransport(endpoint, worker, options)
        transport.thread.start { transport.assumeIsolated { $0.turn() } }
        return transport
    }

    private init(_ text: String, _ worker: WorkerIdentifier, _ options: ZeroMQOptions) throws {
        let endpoint = try Endpoint(text, isListening: false)
        connection = try ZeroMQConnection(ZMQ_DEALER, options, isIPv6: endpoint.isIPv6) { dealer in
            // The coordinator replies to this name; a new incarnation is a new peer.
            try dealer.set(ZMQ_ROUTING_ID, PeerIdentity(worker).bytes)
            // Reconnecting is fast if the coordinator restarts, and backs off if it stays away.
            try dealer.set(ZMQ_RECONNECT_IVL, Int32(100))
            try dealer.set(ZMQ_RECONNECT_IVL_MAX, Int32(30_000))
        } open: {
            try $0.connect(endpoint)
        }
        thread = connection.thread
    }

    package func send(
        _ message: Message, before deadline: ContinuousClock.Instant?
    ) async throws(ProtocolError) -> SendResult {
        let frames = try connection.codec.encode(message)
        let ticket = WaitTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                let wait = Wait(ticket, until: deadline, $0)
                if connection.outbox.isEmpty, connection.send(frames) == .sent {
                    wait.end(with: .sent)
                } else if connection.isOpen {
                    connection.outbox.append(wait, frames)
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
        connection.turn {
            receive($0)
        } onChange: { event in
            switch event {
            case .established:
                isConnected = true
                connection.inbox.deliver(.connected)
            case .ended where isConnected:
                isConnected = false
                connection.inbox.deliver(.disconnected)
            case .ended: break
            case .failed(let reason): connection.inbox.deliver(.connectionFailed(reason: reason))
            }
        } onHeartbeat: {
            // Waiting messages show liveness as well, so no heartbeat is needed.
            if connection.outbox.isEmpty { _ = connection.send(connection.heartbeat) }
        }
    }

    private func receive(_ frames: [Data]) {
        do throws(ProtocolError) {
            let message = try connection.codec.decode(frames)
            heard = .now
            if case .heartbeat = message { return }
            connection.inbox.deliver(.message(message), byteCount: frames.reduce(0) { $0 + $1.count })
        } catch {
            connection.inbox.deliver(.malformed(error))
        }
    }
}
