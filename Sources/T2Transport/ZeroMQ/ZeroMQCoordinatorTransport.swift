import CZeroMQ
import Foundation
import T2Core

/// The coordinator's transport: a ROUTER socket on its own thread, which is this actor's executor.
package actor ZeroMQCoordinatorTransport: CoordinatorTransport {
    package nonisolated let endpoint: String
    private nonisolated let thread: IOThread
    private let connection: ZeroMQConnection<CoordinatorEvent>
    private var heard: [PeerIdentity: ContinuousClock.Instant] = [:]

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Listens on `tcp://127.0.0.1:PORT`; port 0 takes a free one. The caller must call `close`.
    ///
    /// - Throws: `TransportError` with the endpoint, the problem and the remedy.
    package static func listen(
        on endpoint: String, options: ZeroMQOptions = ZeroMQOptions()
    ) throws -> ZeroMQCoordinatorTransport {
        let transport = try ZeroMQCoordinatorTransport(endpoint, options)
        transport.thread.start { transport.assumeIsolated { $0.turn() } }
        return transport
    }

    private init(_ text: String, _ options: ZeroMQOptions) throws {
        let endpoint = try Endpoint(text, isListening: true)
        var opened = ""
        connection = try ZeroMQConnection(ZMQ_ROUTER, options, isIPv6: endpoint.isIPv6) { router in
            // Sending to a disconnected peer must be an error rather than drop the message silently.
            try router.set(ZMQ_ROUTER_MANDATORY, Int32(1))
            // A worker whose connection broke unnoticed may reconnect under its name at once.
            try router.set(ZMQ_ROUTER_HANDOVER, Int32(1))
        } open: { router in
            try router.bind(endpoint, as: text)
            opened = try router.lastEndpoint()
        }
        self.endpoint = opened
        thread = connection.thread
    }

    package func send(_ message: Message, to peer: PeerIdentity) throws(ProtocolError) -> SendResult {
        transmit(try connection.codec.encode(message), to: peer)
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> CoordinatorEvent? {
        // While the inbox was full nothing was read, so every peer counts as heard.
        if !connection.inbox.hasRoom { heard = heard.mapValues { _ in .now } }
        let ticket = WaitTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                connection.inbox.take(Wait(ticket, until: deadline, $0), last: connection.isOpen ? nil : .closed)
            }
        } onCancel: {
            Task { await self.cancelReceive(ticket) }
        }
    }

    package func lastHeard() -> [PeerIdentity: ContinuousClock.Instant] {
        // While reading is paused, every peer counts as heard.
        connection.inbox.hasRoom ? heard : heard.mapValues { _ in .now }
    }

    package func forget(_ peer: PeerIdentity) { heard[peer] = nil }

    package func close() {
        heard = [:]
        connection.close(with: .closed)
    }

    private func cancelReceive(_ ticket: WaitTicket) { connection.inbox.consumers.cancel(ticket) }

    private func turn() -> Bool {
        connection.turn {
            receive(Array($0.dropFirst()), from: PeerIdentity(bytes: Array($0[0])))
        } onChange: { event in
            if case .failed(let reason) = event { connection.inbox.deliver(.strayConnection(reason: reason)) }
        } onHeartbeat: {
            for peer in heard.keys { _ = transmit(connection.heartbeat, to: peer) }
        }
    }

    private func receive(_ frames: [Data], from peer: PeerIdentity) {
        do throws(ProtocolError) {
            let message = try connection.codec.decode(frames)
            heard[peer] = .now
            if case .heartbeat = message { return }
            connection.inbox.deliver(.message(message, from: peer), byteCount: frames.reduce(0) { $0 + $1.count })
        } catch {
            let report = ErrorReport(category: .malformedMessage, message: error.description)
            if let answer = try? connection.codec.encode(.error(report)) {
                _ = connection.send([Data(peer.bytes)] + answer)
            }
            connection.inbox.deliver(.malformed(error, from: peer))
        }
    }

    private func transmit(_ frames: [Data], to peer: PeerIdentity) -> SendResult {
        let result = connection.send([Data(peer.bytes)] + frames)
        if result == .unreachable, heard.removeValue(forKey: peer) != nil {
            connection.inbox.deliver(.unreachable(peer))
        }
        return result
    }
}
