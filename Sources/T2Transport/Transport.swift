import Foundation
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

    /// Hands messages over in order, as `send` does with each.
    func send(_ messages: [OutgoingMessage]) async -> [Result<SendResult, ProtocolError>]

    /// The next event and those that wait behind it, in order of arrival; none if the deadline passes or the calling task is
    /// cancelled.
    func nextEvents(before deadline: ContinuousClock.Instant?) async -> [CoordinatorEvent]

    /// The time of the last sign of life from each connected peer: a message, a heartbeat, or bytes of a message that is not yet
    /// whole or waits for the consumer. Peers that became unreachable or were forgotten are absent.
    func lastHeard() async -> [PeerIdentity: ContinuousClock.Instant]

    /// Stops heartbeats to a peer and drops its state until it sends another message.
    func forget(_ peer: PeerIdentity) async
}

extension CoordinatorTransport {
    package func send(_ messages: [OutgoingMessage]) async -> [Result<SendResult, ProtocolError>] {
        var results: [Result<SendResult, ProtocolError>] = []
        for outgoing in messages {
            do throws(ProtocolError) {
                results.append(.success(try await send(outgoing.message, to: outgoing.peer)))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    package func nextEvents(before deadline: ContinuousClock.Instant?) async -> [CoordinatorEvent] {
        await nextEvent(before: deadline).map { [$0] } ?? []
    }
}

/// A message for one peer.
package struct OutgoingMessage: Sendable {
    package let message: Message
    package let peer: PeerIdentity

    package init(_ message: Message, to peer: PeerIdentity) {
        self.message = message
        self.peer = peer
    }
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

/// One connection of a worker at the coordinator. A worker that connects again has another identity.
package struct PeerIdentity: Sendable, Hashable, CustomStringConvertible {
    /// The routing id, by which connections differ. A stray peer's may be any bytes.
    package let bytes: [UInt8]
    /// The address of the other end, for display.
    package let address: String
    /// The name to which the connection's key is bound; nil if connections need no keys.
    package let keyName: String?

    package init(bytes: [UInt8], address: String = "", keyName: String? = nil) {
        self.bytes = bytes
        self.address = address
        self.keyName = keyName
    }

    package static func == (a: PeerIdentity, b: PeerIdentity) -> Bool { a.bytes == b.bytes }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    /// An address for people: that of IPv4 is shown as such, though it may come to a socket of IPv6.
    static func shown(_ address: String) -> String {
        address.hasPrefix("::ffff:") ? String(address.dropFirst("::ffff:".count)) : address
    }

    package var description: String {
        let name = bytes.first == 0 ? bytes.dropFirst().map { String(format: "%02x", $0) }.joined() : nil
        let shown = name ?? printable(String(decoding: bytes.prefix(80), as: UTF8.self))
        return [keyName, address.isEmpty ? nil : address, shown].compactMap(\.self).joined(separator: " ")
    }
}

extension WorkerIdentifier {
    /// The lengths that a worker's name may have.
    static let nameBytes = 1...200

    /// - Throws: `InputError` if the name is empty, too long or not printable.
    package func requireValidName() throws(InputError) {
        guard Self.nameBytes.contains(name.utf8.count), printable(name) == name else {
            throw InputError(
                "worker name '\(printable(name, limit: 40))'",
                "has \(name.utf8.count) bytes, expected \(Self.nameBytes.lowerBound) to \(Self.nameBytes.upperBound), "
                    + "all of printable characters",
                remedy: "Give the worker another name.", exitStatus: .usage)
        }
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
    /// A connection was refused or closed because it has no valid key, does not speak the protocol (say, a browser) or
    /// exceeded its limits. The reason begins with its address.
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
    /// The coordinator does not take this worker's key, or one of them has keys and the other has none.
    case refused(reason: String, remedy: String)
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
