import T2Core

/// The coordinator's end: many workers, each named by its peer identity.
///
/// Liveness is the transport's own work: it sends and absorbs `Message.heartbeat` from its I/O thread, so computing
/// never delays it; heartbeats never appear as events. Memory is bounded: while the consumer of events lags, reading
/// stops and the peers' queues fill up instead.
package protocol CoordinatorTransport: Sendable {
    /// Where workers connect to, with the actual port.
    var endpoint: String { get }

    /// Hands a message to the peer's queue; never waits.
    ///
    /// Anything but `.sent` means that nothing was sent. `.sent` does not mean that it arrived.
    ///
    /// - Throws: `ProtocolError` if the message cannot travel: a NaN in its header, or too large.
    @discardableResult
    func send(_ message: Message, to peer: PeerIdentity) async throws(ProtocolError) -> SendOutcome

    /// The next event in order of arrival; one consumer at a time.
    ///
    /// - Returns: nil if the deadline passes or the calling task is cancelled; `.closed` once the transport is closed,
    ///   again at every later call.
    func nextEvent(before deadline: ContinuousClock.Instant?) async -> CoordinatorEvent?

    /// When each peer known to be connected last said anything, heartbeats included. A peer that became unreachable or
    /// was forgotten is absent. While reading is paused because the consumer lags, silence does not count against a
    /// peer.
    func lastHeard() async -> [PeerIdentity: ContinuousClock.Instant]

    /// Stops heartbeats to a peer and drops what is known of it; it comes back by sending anything.
    func forget(_ peer: PeerIdentity) async

    /// Sends what is queued, within the linger time, and releases threads and sockets. Later calls have no effect.
    func close() async
}

/// A worker's end: one coordinator, reconnected to for as long as the transport is open.
package protocol WorkerTransport: Sendable {
    /// Sends a message once there is a connection and room in the queue; messages leave in the order of the calls.
    ///
    /// - Returns: `.unreachable` if the deadline passes first, the task is cancelled, or the transport is closed; nothing
    ///   was sent then. Without a deadline it waits for as long as it takes.
    /// - Throws: `ProtocolError` if the message cannot travel: a NaN in its header, or too large.
    @discardableResult
    func send(_ message: Message, before deadline: ContinuousClock.Instant?) async throws(ProtocolError) -> SendOutcome

    /// The next event in order of arrival; one consumer at a time.
    ///
    /// - Returns: nil if the deadline passes or the calling task is cancelled; `.closed` once the transport is closed,
    ///   again at every later call.
    func nextEvent(before deadline: ContinuousClock.Instant?) async -> WorkerEvent?

    /// When the coordinator last said anything, heartbeats included; nil if it never did.
    func lastHeard() async -> ContinuousClock.Instant?

    /// Sends what is queued, within the linger time, and releases threads and sockets. Later calls have no effect.
    func close() async
}

/// The name under which the coordinator's socket knows a worker: its name and incarnation.
///
/// Invariant: 1 to 255 bytes, the first not zero (libzmq's rule for routing ids).
package struct PeerIdentity: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// The identity a worker's socket takes: a worker's HELLO must come from `PeerIdentity(hello.worker)`.
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

    /// As found on the wire: a stray peer's may be any bytes.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// Printable whatever the peer sent.
    package var description: String {
        String(decoding: bytes.prefix(80), as: UTF8.self).map {
            $0.isASCII && $0 >= " " && $0 != "\u{7f}" ? String($0) : "\\?"
        }
        .joined()
    }
}

/// What became of a message handed to a transport.
package enum SendOutcome: Sendable, Equatable {
    case sent
    /// No connection to that peer.
    case unreachable
    /// Its queue is full: it takes messages slower than it is sent them. Try again later or give the work to another.
    case congested
}

/// What a coordinator's transport reports.
package enum CoordinatorEvent: Sendable, Equatable {
    case message(Message, from: PeerIdentity)
    /// A message that could not be understood. An ERROR has been sent in answer.
    case malformed(ProtocolError, from: PeerIdentity)
    /// A connection that does not speak the protocol at all (say, a browser), or that broke its limits, was closed.
    case strayConnection(reason: String)
    /// A peer's connection has ended: messages to it go nowhere until it is heard again.
    case unreachable(PeerIdentity)
    /// Always the last.
    case closed
}

/// What a worker's transport reports.
package enum WorkerEvent: Sendable, Equatable {
    /// A connection stands: say HELLO. Comes again after each `disconnected`, when the coordinator is back.
    case connected
    /// The connection has ended; the transport keeps trying to renew it, with back-off.
    case disconnected
    /// An attempt to connect has failed; the transport keeps trying, with back-off. The reason is for people.
    case connectionFailed(reason: String)
    case message(Message)
    case malformed(ProtocolError)
    /// Always the last.
    case closed
}

extension CoordinatorTransport {
    /// The next event, however long it takes; nil only if the calling task is cancelled.
    package func nextEvent() async -> CoordinatorEvent? { await nextEvent(before: nil) }
}

extension WorkerTransport {
    /// The next event, however long it takes; nil only if the calling task is cancelled.
    package func nextEvent() async -> WorkerEvent? { await nextEvent(before: nil) }

    /// Sends within a duration from now.
    @discardableResult
    package func send(_ message: Message, within duration: Duration) async throws(ProtocolError) -> SendOutcome {
        try await send(message, before: .now + duration)
    }
}
