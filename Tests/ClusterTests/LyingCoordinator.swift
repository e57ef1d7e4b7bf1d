import CZeroMQ
import Foundation
import Synchronization
import T2Core
import T2Transport

/// A coordinator that says what a test wants about its model, and hands out what it wants.
final class LyingCoordinator: Sendable {
    /// The kind and header of a message that a worker sent; the parts of the answer.
    typealias Answer = @Sendable (_ kind: String, _ header: [String: Any]) -> [Data]?

    let endpoint: String
    private nonisolated(unsafe) let context: UnsafeMutableRawPointer
    private nonisolated(unsafe) let socket: UnsafeMutableRawPointer
    private let isOver = Mutex(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ answer: @escaping Answer) throws {
        guard let context = zmq_ctx_new(), let socket = zmq_socket(context, ZMQ_ROUTER) else {
            throw SystemError("open a ROUTER", "loopback", code: zmq_errno())
        }
        for (option, value) in [(ZMQ_LINGER, 0), (ZMQ_RCVTIMEO, 100)] {
            var value = Int32(value)
            zmq_setsockopt(socket, option, &value, 4)
        }
        guard zmq_bind(socket, "tcp://127.0.0.1:*") == 0 else {
            throw SystemError("bind", "loopback", code: zmq_errno())
        }
        var name = [UInt8](repeating: 0, count: 100)
        var length = name.count
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, &name, &length)
        endpoint = String(decoding: name[..<(length - 1)], as: UTF8.self)
        (self.context, self.socket) = (context, socket)
        Thread.detachNewThread { self.serve(answer) }
    }

    /// Ends the thread and frees the port.
    func close() {
        isOver.withLock { $0 = true }
        hasEnded.wait()
    }

    private func serve(_ answer: Answer) {
        var identity = [UInt8](repeating: 0, count: 255)
        while !isOver.withLock(\.self) {
            let count = zmq_recv(socket, &identity, identity.count, 0)
            guard count > 0 else { continue }
            var message = zmq_msg_t()
            zmq_msg_init(&message)
            defer { zmq_msg_close(&message) }
            guard zmq_msg_recv(&message, socket, 0) > 0, let start = zmq_msg_data(&message) else { continue }
            // `T2/4`, the number of parts, their lengths, the parts.
            let frame = Data(bytes: start, count: zmq_msg_size(&message))
            let parts = Int(frame[4])
            let lengths = (0..<parts).map { part in
                frame[(5 + 4 * part)..<(9 + 4 * part)].reversed().reduce(0) { $0 << 8 | Int($1) }
            }
            var rest = frame.dropFirst(5 + 4 * parts)
            let kind = String(decoding: rest.prefix(lengths[0]), as: UTF8.self)
            rest = rest.dropFirst(lengths[0])
            let header = try? JSONSerialization.jsonObject(with: Data(rest.prefix(lengths[1]))) as? [String: Any]
            guard let reply = answer(kind, header ?? [:]) else { continue }
            let bytes = MessageCodec.frame(of: reply)
            zmq_send(socket, identity, Int(count), ZMQ_SNDMORE)
            _ = bytes.withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, 0) }
        }
        zmq_close(socket)
        zmq_ctx_term(context)
        hasEnded.signal()
    }

    /// A MODEL whose files may be described in any way.
    static func model(_ files: [(name: String, content: Data, size: Int?)], time: Double = Date().timeIntervalSince1970)
        -> [Data]
    {
        let entries = files.map { file in
            let digest = file.content.withUnsafeBytes { Digest(of: $0) }
            return #"{"name":"\#(file.name)","size":\#(file.size ?? file.content.count),"digest":"\#(digest)"}"#
        }
        let header = """
            {"digest":"\(Digest(of: "model"))","tokenizerDigest":"\(Digest(of: "tokenizer"))","path":"/nowhere","time":\(time),\
            "files":{"model":[\(entries.joined(separator: ","))],"decompositions":[]}}
            """
        return [Data("MODEL".utf8), Data(header.utf8)]
    }

    /// A CHUNK with these bytes, as an answer to a request.
    static func chunk(_ request: [String: Any], _ bytes: Data) -> [Data] {
        let header = """
            {"file":"\(request["file"] ?? "")","offset":\(request["offset"] ?? 0),"receipt":1,\
            "payloadDigest":"\(bytes.withUnsafeBytes { Digest(of: $0) })"}
            """
        return [Data("CHUNK".utf8), Data(header.utf8), bytes]
    }
}
