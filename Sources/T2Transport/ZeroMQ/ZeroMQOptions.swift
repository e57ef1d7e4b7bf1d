import CZeroMQ
import T2Core

/// How a ZeroMQ transport behaves; the same on both sides.
package struct ZeroMQOptions: Sendable, Equatable {
    package var heartbeatEvery: Duration = .seconds(1)
    /// How long `close` may go on sending what is queued: a peer that is gone must not hold up a farewell.
    package var linger: Duration = .seconds(1)
    /// Messages in a peer's queue, each way. Little, because work goes out by credit alone and a result may have
    /// megabytes.
    package var queueLength: Int32 = 64
    /// Events and bytes that wait for the consumer before reading stops.
    package var inboxEvents = 256
    package var inboxBytes = 256 << 20
    package var limits = MessageLimits()

    package init() {}

    /// What both sides set. libzmq's defaults drop silently and wait for ever, so nothing is left to them.
    func apply(to socket: borrowing ZeroMQSocket) throws(TransportError) {
        // A claimed frame length is refused before memory is taken for it; the connection closes.
        try socket.set(ZMQ_MAXMSGSIZE, Int64(limits.frameBytes))
        // Bounded queues: a slow peer is noticed (EAGAIN) instead of filling memory.
        try socket.set(ZMQ_SNDHWM, queueLength)
        try socket.set(ZMQ_RCVHWM, queueLength)
        // Closing may finish what is queued, but never hangs.
        try socket.set(ZMQ_LINGER, linger.milliseconds)
        // libzmq's own pings find half-open connections also when nobody sends; 15 s is when a peer counts as dead.
        try socket.set(ZMQ_HEARTBEAT_IVL, heartbeatEvery.milliseconds)
        try socket.set(ZMQ_HEARTBEAT_TIMEOUT, Int32(15_000))
        try socket.set(ZMQ_HEARTBEAT_TTL, Int32(15_000))
        // A connection that never completes its greeting (a port scan, a browser) is closed.
        try socket.set(ZMQ_HANDSHAKE_IVL, Int32(5_000))
        // Messages are queued for connections that stand, not for ones that may never come.
        try socket.set(ZMQ_IMMEDIATE, Int32(1))
    }
}

extension Duration {
    /// Rounded up, so that a wait never ends just before its deadline; at most what an Int32 holds.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return max(0, Int32(seconds) * 1000 + Int32((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
