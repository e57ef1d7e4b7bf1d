import T2Core

/// One end of the connections between a coordinator and its workers.
package protocol Transport<Event>: Sendable {
    associatedtype Event: Sendable

    /// The next event in order of arrival; one consumer at a time.
    ///
    /// - Returns: nil if the deadline passes or the calling task is cancelled; `.closed` once the transport is closed,
    ///   again at every later call.
    func nextEvent(before deadline: ContinuousClock.Instant?) async -> Event?

    /// Sends what is queued, within the linger time, and releases threads and sockets. Later calls have no effect.
    func close() async
}

extension Transport {
    /// Waits for the next event without a deadline; nil only if the calling task is cancelled.
    package func nextEvent() async -> Event? { await nextEvent(before: nil) }
}

/// The coordinator's end of the connections to many workers, each identified by its peer identity.
///
/// The transport sends and receives heartbeats on its I/O thread, so that computing never delays them; they never appear as
/// events. Memory is bounded: while the consumer of events lags, reading stops and the peers' queues fill up instead.
package protocol CoordinatorTransport: Transport where Event == CoordinatorEvent {
    /// The endpoint that workers connect to, with the actual port.
    var endpoint: String { get }

    /// Hands a message to the peer's queue; never waits.
    ///
    /// Any result but `.sent` means that nothing was sent. `.sent` does not mean that the message arrived.
    ///
    /// - Throws: `ProtocolError` if the message cannot be sent: its header holds a NaN, or it is too large.
    @discardableResult
    func send(_ message: Message, to peer: PeerIdentity) async throws(ProtocolError) -> SendResult

    /// The time of the last message or heartbeat from each connected peer. Peers that became unreachable or were forgotten are
    /// absent. While reading is paused because the consumer lags, every peer counts as heard now.
    func lastHeard() async -> [PeerIdentity: ContinuousClock.Instant]

    /// Stops heartbeats to a peer and drops its state until it sends another message.
    func forget(_ peer: PeerIdentity) async
}

/// A worker's end of its connection to the coordinator, which is restored for as long as the transport is open.
package protocol WorkerTransport: Transport where Event == WorkerEvent {
    /// Sends a message once there is a connection and room in the queue; messages leave in the order of the calls.
    ///
    /// - Returns: `.unreachable` if the deadline passes first, the task is cancelled, or the transport is closed; nothing
    ///   was sent then. Without a deadline the call waits indefinitely.
    /// - Throws: `ProtocolError` if the message cannot be sent: its header holds a NaN, or it is too large.
    @discardableResult
    func send(_ message: Message, before deadline: ContinuousClock.Instant?) async throws(ProtocolError) -> SendResult

    /// The time of the last message or heartbeat from the coordinator; nil if there was none.
    func lastHeard() async -> ContinuousClock.Instant?
}

/// The routing id of a worker's connection at the coordinator's socket: the worker's name and incarnation. A stray
/// peer's may be any bytes.
///
/// Invariant: 1 to 255 bytes, the first not zero (libzmq's rule for routing ids).
package struct PeerIdentity: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// The identity as printable text, even if the peer sent other bytes.
    package var description: String {
        String(decoding: bytes.prefix(80), as: UTF8.self).map {
            $0.isASCII && $0 >= " " && $0 != "\u{7f}" ? String($0) : "\\?"
        }
        .joined()
    }
}

extension PeerIdentity {
    /// The identity of a worker's socket; a worker's HELLO must come from `PeerIdentity(hello.worker)`.
    ///
    /// - Throws: `InputError` if the name is empty or longer than 200 bytes.
    package init(_ worker: WorkerIdentifier) throws(InputError) {
        guard (1...200).contains(worker.name.utf8.count), worker.name.utf8.first != 0 else {
            throw InputError(
                "worker name '\(worker.name.prefix(40))'", "has \(worker.name.utf8.count) bytes, expected 1 to 200",
                remedy: "Give the worker a shorter name.", exitStatus: .usage)
        }
        bytes = Array(worker.name.utf8) + Array("#\(String(worker.incarnation, radix: 16))".utf8)
    }
}

/// The result of handing a message to a transport.
package enum SendResult: Sendable, Equatable {
    case sent
    /// There is no connection to the peer.
    case unreachable
    /// The peer's queue is full. Try again later or give the work to another worker.
    case congested
}

/// An event of the coordinator's transport.
package enum CoordinatorEvent: Sendable, Equatable {
    case message(Message, from: PeerIdentity)
    /// A message could not be decoded. An ERROR has been sent in reply.
    case malformed(ProtocolError, from: PeerIdentity)
    /// A connection was closed because it does not speak the protocol (say, a browser) or exceeded its limits.
    case strayConnection(reason: String)
    /// A peer's connection has ended; messages to it are lost until it is heard again.
    case unreachable(PeerIdentity)
    /// The last event.
    case closed
}

/// An event of a worker's transport.
package enum WorkerEvent: Sendable, Equatable {
    /// A connection is established, and the worker must send HELLO. Repeated when the coordinator is back after `disconnected`.
    case connected
    /// The connection has ended; the transport keeps trying to restore it, with back-off.
    case disconnected
    /// An attempt to connect has failed; the transport keeps trying, with back-off. The reason is for display.
    case connectionFailed(reason: String)
    case message(Message)
    case malformed(ProtocolError)
    /// The last event.
    case closed
}

extension WorkerTransport {
    /// Sends a message within a duration from now.
    @discardableResult
    package func send(_ message: Message, within duration: Duration) async throws(ProtocolError) -> SendResult {
        try await send(message, before: .now + duration)
    }
}
