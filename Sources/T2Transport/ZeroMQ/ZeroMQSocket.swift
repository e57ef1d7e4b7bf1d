import CZeroMQ
import Foundation

/// A libzmq context; `deinit` waits for its sockets to send their queued messages, within their linger time.
struct ZeroMQContext: ~Copyable {
    fileprivate let handle: UnsafeMutableRawPointer

    init() throws(TransportError) {
        guard let handle = zmq_ctx_new() else { throw .systemCall(operation: "create a context", code: zmq_errno()) }
        self.handle = handle
    }

    deinit {
        while zmq_ctx_term(handle) != 0 && zmq_errno() == EINTR {}
    }
}

/// A libzmq socket. One thread at a time may use it; it must be destroyed before its context.
struct ZeroMQSocket: ~Copyable {
    let handle: UnsafeMutableRawPointer

    init(_ context: borrowing ZeroMQContext, _ type: Int32) throws(TransportError) {
        guard let handle = zmq_socket(context.handle, type) else {
            throw .systemCall(operation: "create a socket", code: zmq_errno())
        }
        self.handle = handle
    }

    deinit { zmq_close(handle) }

    /// A socket at an address inside of the process.
    static func inProcess(
        _ context: borrowing ZeroMQContext, _ type: Int32, at address: String, isBound: Bool
    ) throws(TransportError) -> ZeroMQSocket {
        let socket = try ZeroMQSocket(context, type)
        try socket.set(ZMQ_LINGER, Int32(0))
        let status = isBound ? zmq_bind(socket.handle, address) : zmq_connect(socket.handle, address)
        try check(status, "open \(address)")
        return socket
    }

    func set(_ option: Int32, _ value: some FixedWidthInteger) throws(TransportError) {
        var value = value
        try check(zmq_setsockopt(handle, option, &value, value.bitWidth / 8), "set socket option \(option) to \(value)")
    }

    func set(_ option: Int32, _ bytes: [UInt8]) throws(TransportError) {
        try check(zmq_setsockopt(handle, option, bytes, bytes.count), "set socket option \(option)")
    }

    func bind(_ endpoint: Endpoint, as text: String) throws(TransportError) {
        try set(ZMQ_IPV6, Int32(endpoint.isIPv6 ? 1 : 0))
        guard zmq_bind(handle, endpoint.address) != 0 else { return }
        switch zmq_errno() {
        case EADDRINUSE: throw .addressInUse(text)
        case EADDRNOTAVAIL, ENODEV: throw .addressNotLocal(text)
        case let code: throw .systemCall(operation: "listen on \(text)", code: code)
        }
    }

    func connect(_ endpoint: Endpoint) throws(TransportError) {
        try set(ZMQ_IPV6, Int32(endpoint.isIPv6 ? 1 : 0))
        try check(zmq_connect(handle, endpoint.address), "connect to \(endpoint.address)")
    }

    func disconnect(_ endpoint: Endpoint) { zmq_disconnect(handle, endpoint.address) }

    /// The endpoint that `bind` opened, with the actual port.
    func lastEndpoint() throws(TransportError) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        var count = bytes.count
        try check(zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &bytes, &count), "read the endpoint")
        return String(decoding: bytes[..<max(0, count - 1)], as: UTF8.self)
    }

    /// Sends a whole message or none of it; never waits.
    ///
    /// - Parameter peer: the routing id of a ROUTER's peer; nil for another type of socket.
    func send(_ message: Data, to peer: PeerIdentity? = nil) -> SendResult {
        guard let peer else { return send(message, more: false) }
        let result = send(Data(peer.bytes), more: true)
        guard result == .sent else { return result }
        // If the peer disconnects in the middle, libzmq drops the routing id and discards the rest. The rest must still be
        // handed over, or libzmq would discard the next message instead.
        return send(message, more: false) == .sent ? .sent : .congested
    }

    /// Sends a message of several frames to another thread of the process.
    func send(parts: [Data]) {
        for (index, part) in parts.enumerated() { _ = send(part, more: index + 1 < parts.count) }
    }

    private func send(_ frame: Data, more: Bool) -> SendResult {
        while true {
            let rc = frame.withUnsafeBytes {
                zmq_send(handle, $0.baseAddress, $0.count, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0))
            }
            if rc >= 0 { return .sent }
            switch zmq_errno() {
            case EINTR: continue
            // The ROUTER has no such peer.
            case EHOSTUNREACH: return .unreachable
            // The queue is full, or (DEALER) there is no connection.
            default: return .congested
            }
        }
    }

    /// A message with the properties of the connection that it came from.
    struct Received {
        /// The first frames, as many as were asked for.
        var frames: [Data] = []
        /// The descriptor of its TCP connection, which may have ended since; nil for another transport.
        var descriptor: Int32?
        /// The user id that the ZAP handler gave to the connection, and the address of the other end.
        var user: String?
        var address = ""
    }

    /// The next message, reduced to its first `limit` frames; nil if there is none.
    func receive(limit: Int) -> Received? {
        var received = Received()
        var part = zmq_msg_t()
        zmq_msg_init(&part)
        defer { zmq_msg_close(&part) }
        repeat {
            guard receive(&part) else { return nil }
            if received.frames.count < limit {
                let count = zmq_msg_size(&part)
                received.frames.append(zmq_msg_data(&part).map { Data(bytes: $0, count: count) } ?? Data())
            }
        } while zmq_msg_more(&part) != 0
        // Every frame but a ROUTER's first has the properties.
        let descriptor = zmq_msg_get(&part, ZMQ_SRCFD)
        if descriptor >= 0 { received.descriptor = descriptor }
        received.user = zmq_msg_gets(&part, "User-Id").map { String(cString: $0) }
        received.address = zmq_msg_gets(&part, "Peer-Address").map { String(cString: $0) } ?? ""
        return received
    }

    private func receive(_ part: inout zmq_msg_t) -> Bool {
        while zmq_msg_recv(&part, handle, ZMQ_DONTWAIT) < 0 {
            guard zmq_errno() == EINTR else { return false }
        }
        return true
    }
}

/// Throws libzmq's last error unless its call returned 0.
func check(_ status: Int32, _ operation: @autoclosure () -> String) throws(TransportError) {
    guard status == 0 else { throw .systemCall(operation: operation(), code: zmq_errno()) }
}
