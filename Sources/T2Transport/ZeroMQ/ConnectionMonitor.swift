import CZeroMQ
import Foundation

/// Reads libzmq's events about a socket's connections.
struct ConnectionMonitor: ~Copyable {
    enum Event {
        case established
        case ended
        /// The connection was refused, timed out, or has no ZeroMQ at the other end.
        case failed(reason: String)
    }

    let socket: ZeroMQSocket

    /// Starts watching a socket, which must not have been bound or connected yet.
    init(_ watched: borrowing ZeroMQSocket, _ context: borrowing ZeroMQContext) throws(TransportError) {
        let events =
            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED
            | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
        // Each transport has its own context, so the name is unique.
        let address = "inproc://connections"
        try check(zmq_socket_monitor(watched.handle, address, events), "watch a socket")
        let socket = try ZeroMQSocket(context, ZMQ_PAIR)
        try socket.set(ZMQ_LINGER, Int32(0))
        try check(zmq_connect(socket.handle, address), "watch a socket")
        self.socket = consume socket
    }

    /// The next event; nil if none is queued.
    ///
    /// - Source: zmq_socket_monitor(3): the first frame holds the event (16 bits) and its value (32 bits).
    func next() -> Event? {
        guard let frames = socket.receive(limit: 2), let frame = frames.first, frame.count == 6 else { return nil }
        let (event, value) = frame.withUnsafeBytes {
            (Int32($0.loadUnaligned(as: UInt16.self)), $0.loadUnaligned(fromByteOffset: 2, as: Int32.self))
        }
        switch event {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .established
        case ZMQ_EVENT_DISCONNECTED: return .ended
        case ZMQ_EVENT_CLOSED: return .failed(reason: "connection refused or timed out")
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            return .failed(reason: "the other end does not speak this protocol (0x\(String(value, radix: 16)))")
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .failed(reason: "refused by authentication (\(value))")
        default: return .failed(reason: "closed during the handshake: \(String(cString: zmq_strerror(value)))")
        }
    }
}
