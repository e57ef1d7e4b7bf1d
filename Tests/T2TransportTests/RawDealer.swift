import CZeroMQ
import Foundation
import T2Transport
import Testing

/// A DEALER that sends any bytes, with or without encryption.
final class RawDealer {
    private let context: UnsafeMutableRawPointer
    private let socket: UnsafeMutableRawPointer

    init(to endpoint: String, invitation: Invitation? = nil) throws {
        context = try #require(zmq_ctx_new())
        socket = try #require(zmq_socket(context, ZMQ_DEALER))
        for (option, value) in [(ZMQ_LINGER, 0), (ZMQ_RCVTIMEO, 20_000), (ZMQ_SNDTIMEO, 20_000)] {
            var value = Int32(value)
            zmq_setsockopt(socket, option, &value, 4)
        }
        if let invitation {
            let keys = [
                (ZMQ_CURVE_SERVERKEY, invitation.serverKey), (ZMQ_CURVE_PUBLICKEY, invitation.keys.publicKey),
                (ZMQ_CURVE_SECRETKEY, invitation.keys.secretKey),
            ]
            for (option, key) in keys { zmq_setsockopt(socket, option, key.description, 40) }
        }
        try #require(zmq_connect(socket, endpoint) == 0)
    }

    deinit {
        zmq_close(socket)
        zmq_ctx_term(context)
    }

    func send(_ frame: Data) throws {
        let sent = frame.withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, 0) }
        try #require(sent == frame.count, "\(String(cString: zmq_strerror(zmq_errno())))")
    }

    /// Drops the answers that have come.
    func discardAnswers() {
        var byte: UInt8 = 0
        while zmq_recv(socket, &byte, 1, ZMQ_DONTWAIT) >= 0 {}
    }
}

/// Runs code that blocks on a thread of its own, so that it takes none of those that tasks share.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
