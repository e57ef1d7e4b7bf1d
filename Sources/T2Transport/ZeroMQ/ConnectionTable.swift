import CZeroMQ
import Foundation
import T2Core

/// The TCP connections of a listening socket: their other ends, and the bytes that came and belong to no whole message yet.
///
/// libzmq assembles a message before the program sees any of it, and its limits count whole messages: one of frames without
/// end would fill memory. The bytes that libzmq has read from each connection are therefore compared with the messages that
/// arrived from it, and a connection that holds too much is shut down, which makes libzmq drop it with its message.
///
/// The queue of received messages has no limit of its own. While messages wait in it, what a connection has sent since it was
/// last empty counts as held: no more than one message of a stranger, and `queuedMessages` of an admitted peer.
///
/// Invariant: a connection whose messages were all delivered holds the bytes that came after the last of them.
struct ConnectionTable {
    private struct Connection {
        let address: String
        /// The time at which it was opened, or was last sent a chunk of a file.
        var lastProgress: ContinuousClock.Instant
        /// The chunks of files that it waits for; not more than may be on their way.
        var awaitedChunks = 0
        /// The last peer that a message came from.
        var peer: PeerIdentity?
        var user: String?
        /// Whether a whole message came since `base`.
        var hasDelivered = false
        /// The bytes read at the first look after the last message that found the queue empty, and at the last look.
        var base: Int64 = 0
        var sample: Int64 = 0
    }

    /// The time between two looks at the connections, longer for many, because each look costs a few system calls for each.
    private var interval: Duration { .milliseconds(50) + .microseconds(100) * connections.count }
    /// Bytes that libzmq may hold beyond a message: its buffer, the overhead of encryption, and its own heartbeats.
    private static let slack = 64 << 10
    /// The largest messages that an admitted peer may have sent while others wait to be taken.
    private static let queuedMessages = 8

    private let (messageBytes, strangerBytes): (Int, Int)
    private let connectionLimit: Int
    private let patience: Duration
    private var connections: [Int32: Connection] = [:]
    /// The peers that were admitted, each of which has one connection.
    private var welcomed: Set<PeerIdentity> = []
    /// Those whose connection has ended, while messages from it may still wait in the socket.
    private var leaving: Set<PeerIdentity> = []
    private var lastLook = ContinuousClock.now
    /// Whether the socket's queues have been empty since the last look.
    private var isDrained = false

    init(_ options: ZeroMQOptions) {
        messageBytes = options.receiveLimit
        strangerBytes = options.limits.strangerBytes
        connectionLimit = options.connectionLimit
        patience = options.patience
    }

    /// The time of the next look; nil if there are no connections.
    var nextLook: ContinuousClock.Instant? { connections.isEmpty ? nil : lastLook + interval }

    /// Notes a new connection.
    ///
    /// - Returns: the reason why it was shut down at once, if there are too many.
    mutating func open(_ descriptor: Int32) -> String? {
        let connection = Connection(address: Self.address(of: descriptor), lastProgress: .now)
        connections[descriptor] = connection
        guard connections.count > connectionLimit else { return nil }
        shutDown(descriptor)
        return """
            \(connection.address): there are \(connectionLimit) connections already, as many as open files allow. Raise \
            the limit (ulimit -n) and start again.
            """
    }

    /// - Returns: the address of the other end.
    mutating func close(_ descriptor: Int32) -> String? {
        guard let connection = connections.removeValue(forKey: descriptor) else { return nil }
        if let peer = connection.peer { leaving.insert(peer) }
        return connection.address
    }

    /// Notes a whole message.
    ///
    /// - Returns: the largest message that this peer may send.
    mutating func note(_ descriptor: Int32, from peer: PeerIdentity, user: String?) -> Int {
        if connections[descriptor] != nil, !leaving.contains(peer) {
            connections[descriptor]?.hasDelivered = true
            connections[descriptor]?.peer = peer
            connections[descriptor]?.user = user
        }
        return welcomed.contains(peer) ? messageBytes : strangerBytes
    }

    /// Lets a peer send large messages, because it was admitted.
    mutating func welcome(_ peer: PeerIdentity) {
        guard connections.values.contains(where: { $0.peer == peer }) else { return }
        welcomed.insert(peer)
    }

    /// Notes that a connection asks for a chunk of a file. While it waits for its turn, it need not join.
    mutating func noteRequest(_ descriptor: Int32) {
        guard let count = connections[descriptor]?.awaitedChunks else { return }
        connections[descriptor]?.awaitedChunks = min(count + 1, MessageLimits.chunksInFlight)
    }

    /// Notes the answer to a request for a chunk.
    ///
    /// - Parameter isProgress: whether it has bytes and was sent.
    mutating func noteChunk(to peer: PeerIdentity, isProgress: Bool) {
        guard let (descriptor, connection) = connections.first(where: { $0.value.peer == peer }) else { return }
        connections[descriptor]?.awaitedChunks = max(0, connection.awaitedChunks - 1)
        if isProgress { connections[descriptor]?.lastProgress = .now }
    }

    /// Notes that every complete message has been delivered.
    mutating func noteDrained() {
        isDrained = true
        guard !leaving.isEmpty else { return }
        welcomed.subtract(leaving)
        leaving = []
    }

    /// Shuts down the connections of users that may no longer connect.
    ///
    /// - Parameter reason: why a user is refused; nil if it is not.
    /// - Returns: the address and the reason of each.
    mutating func shutDown(refusing reason: (String) -> String?) -> [String] {
        connections.compactMap { descriptor, connection in
            guard let user = connection.user, let reason = reason(user) else { return nil }
            shutDown(descriptor)
            return "\(connection.address): \(reason)"
        }
    }

    /// Shuts down connections that hold too many bytes or were not welcomed in time.
    ///
    /// - Parameter onBytes: is called with each peer that bytes came from since the last look: one that sends a long message
    ///   over a slow link is alive, although no message arrives.
    /// - Returns: the address and the reason of each that was shut down.
    mutating func look(at now: ContinuousClock.Instant, onBytes: (PeerIdentity) -> Void) -> [String] {
        guard now >= lastLook + interval else { return [] }
        lastLook = now
        let wasDrained = isDrained
        isDrained = false
        var reports: [String] = []
        for (descriptor, connection) in connections {
            let read = t2_bytes_read(descriptor)
            guard read >= 0 else {
                _ = close(descriptor)
                continue
            }
            if read > connection.sample, let peer = connection.peer { onBytes(peer) }
            connections[descriptor]?.sample = read
            if connection.hasDelivered, wasDrained {
                connections[descriptor]?.hasDelivered = false
                connections[descriptor]?.base = read
                continue
            }
            let held = connection.sample - connection.base
            let isWelcomed = connection.peer.map(welcomed.contains) ?? false
            let allowed = isWelcomed ? messageBytes * (wasDrained ? 1 : Self.queuedMessages) : strangerBytes
            let limit = allowed + Self.slack
            if held > limit {
                shutDown(descriptor)
                let problem = wasDrained ? "without completing a message" : "faster than they can be taken"
                reports.append("\(connection.address): sent \(held) bytes \(problem)")
            } else if !isWelcomed, connection.awaitedChunks == 0, now - connection.lastProgress > patience {
                shutDown(descriptor)
                reports.append("\(connection.address): did not join within \(patience)")
            }
        }
        return reports
    }

    /// Ends a connection at once; libzmq then drops what it holds of it.
    private mutating func shutDown(_ descriptor: Int32) {
        guard let known = close(descriptor) else { return }
        // The descriptor may have been closed and used again.
        guard known != Self.unknown, Self.address(of: descriptor) == known else { return }
        var atOnce = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// The address of a connection that ended before it was looked at.
    private static let unknown = "unknown address"

    /// The other end's address and port, if the descriptor is a connected socket.
    private static func address(of descriptor: Int32) -> String {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let status = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getpeername(descriptor, address, &size) == 0 else { return Int32(-1) }
                return getnameinfo(
                    address, size, &host, socklen_t(host.count), &port, socklen_t(port.count),
                    NI_NUMERICHOST | NI_NUMERICSERV)
            }
        }
        return status == 0 ? "\(PeerIdentity.shown(text(host))):\(text(port))" : unknown
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
