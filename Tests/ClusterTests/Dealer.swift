import CZeroMQ
import Foundation
import T2Core

/// A peer that speaks ZeroMQ to a coordinator, but says whatever a test wants.
final class Dealer {
    private let context: UnsafeMutableRawPointer
    private let socket: UnsafeMutableRawPointer

    /// - Throws: `SystemError` if the socket cannot be made.
    init(to endpoint: String, as name: String = "") throws {
        guard let context = zmq_ctx_new(), let socket = zmq_socket(context, ZMQ_DEALER) else {
            throw SystemError("open a DEALER", endpoint, code: zmq_errno())
        }
        self.context = context
        self.socket = socket
        // A deadline, so that a missing answer fails the test instead of stopping it.
        for (option, value) in [(ZMQ_LINGER, 0), (ZMQ_RCVTIMEO, 30_000), (ZMQ_SNDTIMEO, 30_000)] {
            var value = Int32(value)
            zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size)
        }
        if !name.isEmpty { zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, name.utf8.count) }
        guard zmq_connect(socket, endpoint) == 0 else { throw SystemError("connect", endpoint, code: zmq_errno()) }
    }

    deinit {
        zmq_close(socket)
        zmq_ctx_term(context)
    }

    /// Sends the frames of one message; a message of the protocol has one.
    func send(_ frames: [Data]) throws {
        for (place, frame) in frames.enumerated() {
            let more = place + 1 < frames.count ? ZMQ_SNDMORE : 0
            let sent = frame.withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, more) }
            guard sent == frame.count else { throw SystemError("send", "DEALER", code: zmq_errno()) }
        }
    }

    /// The next message.
    func receive() throws -> Data {
        var part = zmq_msg_t()
        zmq_msg_init(&part)
        defer { zmq_msg_close(&part) }
        guard zmq_msg_recv(&part, socket, 0) >= 0 else { throw SystemError("receive", "DEALER", code: zmq_errno()) }
        return zmq_msg_data(&part).map { Data(bytes: $0, count: zmq_msg_size(&part)) } ?? Data()
    }
}
