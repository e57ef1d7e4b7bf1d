import CZeroMQ
import T2Core

/// The options of a ZeroMQ transport, the same on both sides.
package struct ZeroMQOptions: Sendable, Equatable {
    package var heartbeatEvery: Duration = .seconds(1)
    /// The time that `close` may spend on sending queued messages, so that a disconnected peer does not delay it.
    package var linger: Duration = .seconds(1)
    /// Messages that wait to be sent to a peer; few, because leases are sent by credit and a result may have megabytes.
    package var queueLength: Int32 = 64
    /// The numbers of events and bytes that may wait for the consumer before reading stops.
    package var inboxEvents = 256
    package var inboxBytes = 256 << 20
    /// The number of connections that a coordinator takes.
    package var connectionLimit = 10_000
    /// The time in which a connection must be welcomed, or sent a chunk of a file that it asks for.
    package var patience: Duration = .seconds(60)
    package var limits = MessageLimits()
    /// Bytes of the largest message that a peer may send; libzmq closes the connection of one that sends more. nil takes the
    /// limit for messages in both directions.
    package var largestReceived: Int?

    var receiveLimit: Int { min(largestReceived ?? limits.messageBytes, limits.messageBytes) }

    package init() {}

    /// Sets the socket options of both sides, because libzmq's defaults drop messages silently and wait for ever.
    func apply(to socket: borrowing ZeroMQSocket) throws(TransportError) {
        // A claimed frame length is refused before memory is allocated for it, and the connection closes.
        try socket.set(ZMQ_MAXMSGSIZE, Int64(receiveLimit))
        // With a bounded queue a slow peer gives EAGAIN instead of filling memory.
        try socket.set(ZMQ_SNDHWM, queueLength)
        // A connection that breaks while its queue is full makes libzmq 4.3 abort the process ("Assertion failed:
        // !_io_error"). Received messages therefore have no limit in number. A coordinator's `ConnectionTable` limits their bytes, and
        // a worker is sent only what it asks for.
        try socket.set(ZMQ_RCVHWM, Int32(0))
        // Closing may send queued messages, but never hangs.
        try socket.set(ZMQ_LINGER, linger.milliseconds)
        // A half-open connection ends after 15 s: without traffic by TCP's probes, otherwise because nothing is acknowledged.
        // libzmq's own pings would end one that carries a single message for longer, over a slow link.
        try socket.set(ZMQ_TCP_KEEPALIVE, Int32(1))
        try socket.set(ZMQ_TCP_KEEPALIVE_IDLE, Int32(5))
        try socket.set(ZMQ_TCP_KEEPALIVE_INTVL, Int32(5))
        try socket.set(ZMQ_TCP_KEEPALIVE_CNT, Int32(2))
        try socket.set(ZMQ_TCP_MAXRT, Int32(15_000))
        // A connection that never completes its greeting (a port scan, a browser) is closed.
        try socket.set(ZMQ_HANDSHAKE_IVL, Int32(5_000))
        // Messages are queued only for established connections.
        try socket.set(ZMQ_IMMEDIATE, Int32(1))
    }
}

extension Duration {
    /// Milliseconds, rounded up so that a wait never ends before its deadline; limited to the range of Int32.
    var milliseconds: Int32 { Int32(min(max(0, (self / .milliseconds(1)).rounded(.up)), 2_000_000_000)) }
}
