import CZeroMQ
import Foundation

/// Reads libzmq's events about a socket's connections.
struct ConnectionMonitor: ~Copyable {
    enum Event {
        /// A listening socket has a new TCP connection.
        case accepted(descriptor: Int32)
        /// The handshake is over: messages can pass.
        case established
        case ended(descriptor: Int32)
        /// The connection was refused, timed out, or has no ZeroMQ at the other end.
        case failed(reason: String)
        /// The other end's mechanism of encryption is not ours.
        case otherMechanism
        /// The other end's ZAP handler refused our key.
        case refused
    }

    let socket: ZeroMQSocket

    /// Starts watching a socket, which must not have been bound or connected yet.
    init(_ watched: borrowing ZeroMQSocket, _ context: borrowing ZeroMQContext) throws(TransportError) {
        let events =
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED
            | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
        // Each transport has its own context, so the name is unique.
        let address = "inproc://connections"
        try check(zmq_socket_monitor(watched.handle, address, events), "watch a socket")
        socket = try .inProcess(context, ZMQ_PAIR, at: address, isBound: false)
    }

    /// The next event; nil if none is queued.
    ///
    /// - Source: zmq_socket_monitor(3): the first frame holds the event (16 bits) and its value (32 bits).
    func next() -> Event? {
        guard let frame = socket.receive(limit: 1)?.frames.first, frame.count == 6 else { return nil }
        let (event, value) = frame.withUnsafeBytes {
            (Int32($0.loadUnaligned(as: UInt16.self)), $0.loadUnaligned(fromByteOffset: 2, as: Int32.self))
        }
        switch event {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .established
        case ZMQ_EVENT_ACCEPTED: return .accepted(descriptor: value)
        case ZMQ_EVENT_DISCONNECTED: return .ended(descriptor: value)
        case ZMQ_EVENT_CLOSED: return .failed(reason: "connection refused or timed out")
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL where value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
            return .otherMechanism
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            return .failed(reason: "the other end does not speak this protocol (0x\(String(value, radix: 16)))")
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused
        default: return .failed(reason: "closed during the handshake: \(String(cString: zmq_strerror(value)))")
        }
    }
}
