import Foundation
import T2Core

/// Translates between messages and their bytes, one frame each.
///
/// The same message always gives the same bytes, because the header's keys are sorted. Decoding checks every count, size, type,
/// shape and digest, and allocates no memory on the strength of a claimed size.
package struct MessageCodec: Sendable {
    package let limits: MessageLimits

    package init(limits: MessageLimits = MessageLimits()) { self.limits = limits }

    /// - Throws: `ProtocolError` if the message cannot be sent: its header holds a NaN or an infinity, or it exceeds the limits.
    package func encode(_ message: Message) throws(ProtocolError) -> Data { Self.frame(of: try parts(of: message)) }

    /// - Throws: `ProtocolError` if the bytes are no message within the limits.
    package func decode(_ frame: Data) throws(ProtocolError) -> Message {
        try ProtocolError.require(frame.count, atMost: limits.messageBytes, "bytes of a message", kind: "protocol")
        return try message(from: MessageFrame.split(frame))
    }

    /// The kind of a message that may not be well-formed otherwise; nil if it names none.
    package static func kind(of frame: Data) -> Message.Kind? {
        (try? MessageFrame.split(frame))?.first.flatMap { Message.Kind(rawValue: String(decoding: $0, as: UTF8.self)) }
    }

    /// The frame of parts that need not be a message.
    package static func frame(of parts: [Data]) -> Data { MessageFrame.join(parts) }

    /// The kind, the header and the payload.
    package func parts(of message: Message) throws(ProtocolError) -> [Data] {
        var payload = TensorParts(kind: message.kind)
        let kind = payload.kind
        try MessageCheck(kind: kind, limits: limits).check(message)
        let header: Data =
            switch message {
            case .hello(let body): try encodeHeader(body, kind)
            case .credit(let body): try encodeHeader(body, kind)
            case .getBlob(let body): try encodeHeader(body, kind)
            case .getModel(let body): try encodeHeader(body, kind)
            case .getChunk(let body): try encodeHeader(body, kind)
            case .progress(let body): try encodeHeader(body, kind)
            case .result(let body): try encodeHeader(UnitResultHeader(body, payload: &payload), kind)
            case .bye(let body): try encodeHeader(body, kind)
            case .welcome(let body): try encodeHeader(body, kind)
            case .reject(let body): try encodeHeader(body, kind)
            case .lease(let body): try encodeHeader(body, kind)
            case .blob(let body): try encodeHeader(BlobHeader(body, payload: &payload), kind)
            case .model(let body): try encodeHeader(body, kind)
            case .chunk(let body): try encodeHeader(ChunkHeader(body), kind)
            case .cancel(let body): try encodeHeader(body, kind)
            case .acknowledgement(let body): try encodeHeader(body, kind)
            case .drain(let body): try encodeHeader(body, kind)
            case .heartbeat(let body): try encodeHeader(body, kind)
            case .error(let body): try encodeHeader(ErrorReportHeader(body, payload: &payload), kind)
            }
        let raw = if case .chunk(let body) = message { [body.bytes] } else { [Data]() }
        let parts = [Data(kind.utf8), header] + payload.parts + raw
        try checkSizes(parts, kind)
        return parts
    }

    package func message(from parts: [Data]) throws(ProtocolError) -> Message {
        let name = parts.first.map { printable(String(decoding: $0.prefix(40), as: UTF8.self)) } ?? ""
        guard let kind = Message.Kind(rawValue: name) else { throw .unknownKind(found: name) }
        guard parts.count >= 2 else { throw .wrongPartCount(kind: name, expected: 2, found: parts.count) }
        try checkSizes(parts, name)
        let header = parts[1]
        let payload = Array(parts[2...])
        guard payload.isEmpty || [.result, .blob, .chunk, .error].contains(kind) else {
            throw .wrongPartCount(kind: name, expected: 2, found: parts.count)
        }
        let message: Message =
            switch kind {
            case .hello: .hello(try decodeHeader(header, name))
            case .credit: .credit(try decodeHeader(header, name))
            case .getBlob: .getBlob(try decodeHeader(header, name))
            case .getModel: .getModel(try decodeHeader(header, name))
            case .getChunk: .getChunk(try decodeHeader(header, name))
            case .progress: .progress(try decodeHeader(header, name))
            case .result: .result(try decodeHeader(header, name, as: UnitResultHeader.self).result(payload, limits))
            case .bye: .bye(try decodeHeader(header, name))
            case .welcome: .welcome(try decodeHeader(header, name))
            case .reject: .reject(try decodeHeader(header, name))
            case .lease: .lease(try decodeHeader(header, name))
            case .blob: .blob(try decodeHeader(header, name, as: BlobHeader.self).blob(payload, limits))
            case .model: .model(try decodeHeader(header, name))
            case .chunk: .chunk(try decodeHeader(header, name, as: ChunkHeader.self).chunk(payload))
            case .cancel: .cancel(try decodeHeader(header, name))
            case .acknowledgement: .acknowledgement(try decodeHeader(header, name))
            case .drain: .drain(try decodeHeader(header, name))
            case .heartbeat: .heartbeat(try decodeHeader(header, name))
            case .error: .error(try decodeHeader(header, name, as: ErrorReportHeader.self).report(payload, limits))
            }
        try MessageCheck(kind: name, limits: limits).check(message)
        return message.withPrintableTexts()
    }

    private func checkSizes(_ parts: [Data], _ kind: String) throws(ProtocolError) {
        try ProtocolError.require(parts.count, atMost: MessageLimits.parts, "number of parts", kind: kind)
        try ProtocolError.require(parts[1].count, atMost: limits.headerBytes, "bytes of the header", kind: kind)
        let total = parts.reduce(0) { $0 + $1.count }
        try ProtocolError.require(total, atMost: limits.messageBytes, "bytes of a message", kind: kind)
    }

    private func encodeHeader(_ header: some Encodable, _ kind: String) throws(ProtocolError) -> Data {
        do {
            return try JSONEncoder.sorted().encode(header)
        } catch EncodingError.invalidValue(let value, let context) {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw .malformedHeader(kind: kind, problem: "\(path): '\(value)' is not a number that JSON can hold")
        } catch {
            throw .malformedHeader(kind: kind, problem: printable("\(error)"))
        }
    }

    private func decodeHeader<Header: Decodable>(
        _ data: Data, _ kind: String, as: Header.Type = Header.self
    ) throws(ProtocolError) -> Header {
        do {
            return try JSONDecoder().decode(Header.self, from: data, depth: MessageLimits.headerDepth)
        } catch {
            let problem = printable(decodingProblem(error))
            throw .malformedHeader(kind: kind, problem: problem.hasSuffix(".") ? String(problem.dropLast()) : problem)
        }
    }
}
