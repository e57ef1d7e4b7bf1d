import CZeroMQ
import Foundation
import T2Core

/// The coordinator's transport: a ROUTER socket on its own thread, which is this actor's executor.
package actor ZeroMQCoordinatorTransport: CoordinatorTransport {
    package nonisolated let endpoints: [String]
    private nonisolated let thread: IOThread
    private nonisolated let packer: MessagePacker
    private let connection: ZeroMQConnection<CoordinatorEvent>
    private var table: ConnectionTable
    private var heard: [PeerIdentity: ContinuousClock.Instant] = [:]
    /// What was wrong with the connection that ends next.
    private var flaw: String?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package nonisolated var endpoint: String { endpoints[0] }

    /// Listens on each `tcp://ADDRESS:PORT`; port 0 takes a free one. The caller must call `close`.
    ///
    /// - Parameter admission: the keys of the coordinator and of the workers that it admits; without it nothing is
    ///   encrypted, and only loopback addresses are allowed.
    /// - Throws: `TransportError` with the endpoint, the problem and the remedy; `InputError` about the keys.
    package static func listen(
        on endpoints: [String], admission: Admission? = nil, options: ZeroMQOptions = ZeroMQOptions()
    ) throws -> ZeroMQCoordinatorTransport {
        let transport = try ZeroMQCoordinatorTransport(endpoints, admission, options)
        transport.thread.start { transport.assumeIsolated { $0.turn() } }
        return transport
    }

    private init(_ texts: [String], _ admission: Admission?, _ options: ZeroMQOptions) throws {
        let endpoints = try texts.map { try Endpoint($0, isListening: true) }
        if admission == nil, let open = endpoints.firstIndex(where: { !$0.isLoopback }) {
            throw TransportError.noKeys(texts[open])
        }
        var opened: [String] = []
        connection = try ZeroMQConnection(ZMQ_ROUTER, options, admission: admission) { router in
            // Sending to a disconnected peer must be an error rather than drop the message silently.
            try router.set(ZMQ_ROUTER_MANDATORY, Int32(1))
            // A connection never takes the routing id of another one: libzmq gives each worker's connection its own.
            try router.set(ZMQ_ROUTER_HANDOVER, Int32(0))
            guard let admission else { return }
            try router.set(ZMQ_CURVE_SERVER, Int32(1))
            try router.set(ZMQ_CURVE_SECRETKEY, Array(admission.server.secretKey.description.utf8))
        } open: { router in
            for (endpoint, text) in zip(endpoints, texts) {
                try router.bind(endpoint, as: text)
                opened.append(try router.lastEndpoint())
            }
        }
        self.endpoints = opened
        table = ConnectionTable(options)
        thread = connection.thread
        packer = MessagePacker(connection.codec)
    }

    package nonisolated func send(
        _ message: Message, to peer: PeerIdentity
    ) async throws(ProtocolError) -> SendResult {
        // A large message takes milliseconds to encode, which must not delay others on the I/O thread.
        let frame = try packer.frame(of: message)
        return await transmit(frame, of: message.kind, isEmpty: message.isEmptyChunk, to: peer)
    }

    private func transmit(_ frame: Data, of kind: Message.Kind, isEmpty: Bool, to peer: PeerIdentity) -> SendResult {
        let result = transmit(frame, to: peer)
        if kind == .welcome, result == .sent { table.welcome(peer) }
        if kind == .chunk { table.noteChunk(to: peer, isProgress: result == .sent && !isEmpty) }
        return result
    }

    package nonisolated func send(_ messages: [OutgoingMessage]) async -> [Result<SendResult, ProtocolError>] {
        let frames = messages.map { outgoing in
            Result { () throws(ProtocolError) in try packer.frame(of: outgoing.message) }
        }
        return await transmit(frames, of: messages)
    }

    private func transmit(
        _ frames: [Result<Data, ProtocolError>], of messages: [OutgoingMessage]
    ) -> [Result<SendResult, ProtocolError>] {
        zip(frames, messages).map { frame, outgoing in
            frame.map {
                transmit(
                    $0, of: outgoing.message.kind, isEmpty: outgoing.message.isEmptyChunk, to: outgoing.peer)
            }
        }
    }

    package func nextEvents(before deadline: ContinuousClock.Instant?) async -> [CoordinatorEvent] {
        guard let first = await nextEvent(before: deadline) else { return [] }
        return [first] + connection.inbox.takeAll()
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> CoordinatorEvent? {
        let ticket = WaitTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                connection.inbox.take(Wait(ticket, until: deadline, $0), last: connection.isOpen ? nil : .closed)
            }
        } onCancel: {
            Task { await self.cancelReceive(ticket) }
        }
    }

    package func lastHeard() -> [PeerIdentity: ContinuousClock.Instant] { heard }

    package func forget(_ peer: PeerIdentity) { heard[peer] = nil }

    package func close() {
        heard = [:]
        connection.close(with: .closed)
    }

    private func cancelReceive(_ ticket: WaitTicket) { connection.inbox.consumers.cancel(ticket) }

    private func turn() -> Bool {
        let isOpen = connection.turn {
            receive($0)
        } onChange: {
            note($0)
        } onRefusal: {
            report($0)
        } onDrained: {
            table.noteDrained()
        } onHeartbeat: {
            for peer in heard.keys { _ = transmit(connection.heartbeat, to: peer) }
            shutOutRefused()
        }
        let now = ContinuousClock.now
        for reason in table.look(at: now, onBytes: { if heard[$0] != nil { heard[$0] = now } }) { report(reason) }
        connection.nextTurn = table.nextLook
        return isOpen
    }

    private func note(_ change: ConnectionMonitor.Event) {
        switch change {
        case .accepted(let descriptor): table.open(descriptor).map(report)
        case .ended(let descriptor):
            let address = table.close(descriptor)
            if let flaw { report("\(address ?? "unknown address"): \(flaw)") }
            flaw = nil
        // libzmq ends the connection at once, and says which one it was.
        case .failed(let reason):
            // A client that is not encrypted may leave before its greeting is read.
            flaw = connection.authenticator == nil ? reason : "\(reason), or \(Authenticator.notEncrypted)"
        case .otherMechanism:
            flaw =
                connection.authenticator == nil
                ? "asks for a mechanism of encryption, but this coordinator was started without keys"
                : Authenticator.notEncrypted
        // The authenticator has reported it.
        case .refused: break
        case .established: break
        }
    }

    private func shutOutRefused() {
        guard connection.authenticator != nil else { return }
        connection.authenticator?.refresh()
        if let problem = connection.authenticator?.takeProblem() { report(problem) }
        for reason in table.shutDown(refusing: { connection.authenticator?.refusal(of: $0) }) { report(reason) }
    }

    private func report(_ reason: String) {
        // Connections are looked after while the consumer lags, and those reports would wait for it without limit.
        guard connection.inbox.hasRoom else { return }
        connection.inbox.deliver(.strayConnection(reason: reason))
    }

    private func receive(_ received: ZeroMQSocket.Received) {
        let name = received.user.flatMap { connection.authenticator?.name(of: $0) }
        let peer = PeerIdentity(
            bytes: Array(received.frames[0]), address: PeerIdentity.shown(received.address), keyName: name)
        let limit = received.descriptor.map { table.note($0, from: peer, user: received.user) }
        do throws(ProtocolError) {
            let frame = try MessageFrame.only(of: received.frames.dropFirst())
            try ProtocolError.require(
                frame.count, atMost: limit ?? connection.codec.limits.strangerBytes,
                "bytes of a message before WELCOME",
                kind: "protocol")
            // Only what workers send may cost the time and the memory of unpacking.
            guard MessageCodec.kind(of: frame) != .blob else {
                throw ProtocolError.malformedHeader(kind: "BLOB", problem: "it is not a worker's to send")
            }
            let message = try connection.codec.decode(frame)
            heard[peer] = .now
            if case .heartbeat = message { return }
            if case .getChunk = message { received.descriptor.map { table.noteRequest($0) } }
            connection.inbox.deliver(.message(message, from: peer), byteCount: frame.count)
        } catch {
            let report = ErrorReport(category: .malformedMessage, message: error.description)
            if let answer = try? connection.codec.encode(.error(report)) { _ = connection.send(answer, to: peer) }
            connection.inbox.deliver(.malformed(error, from: peer))
        }
    }

    private func transmit(_ message: Data, to peer: PeerIdentity) -> SendResult {
        let result = connection.send(message, to: peer)
        if result == .unreachable, heard.removeValue(forKey: peer) != nil {
            connection.inbox.deliver(.unreachable(peer))
        }
        return result
    }
}
