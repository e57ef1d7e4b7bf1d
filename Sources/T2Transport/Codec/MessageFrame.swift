import Foundation

/// The layout of a message's one frame: `T2/4`, the number of parts (1 byte), the length of each part (4 bytes,
/// little-endian), then the parts: kind, header as JSON, payload tensors.
///
/// A message is one frame because libzmq's limits count whole messages: one of several frames that never ends would take
/// memory without limit.
enum MessageFrame {
    private static let version = Data(Message.version.utf8)

    /// - Precondition: there are at most `MessageLimits.parts` parts, of less than 4 GiB each.
    static func join(_ parts: [Data]) -> Data {
        var frame = version
        frame.reserveCapacity(version.count + 1 + parts.reduce(0) { $0 + 4 + $1.count })
        frame.append(UInt8(parts.count))
        for part in parts { withUnsafeBytes(of: UInt32(part.count).littleEndian) { frame.append(contentsOf: $0) } }
        for part in parts { frame.append(part) }
        return frame
    }

    /// - Returns: the parts, which share the frame's memory.
    static func split(_ frame: Data) throws(ProtocolError) -> [Data] {
        guard frame.starts(with: version) else { throw .unsupportedVersion(found: start(of: frame)) }
        var rest = frame.dropFirst(version.count)
        guard let count = rest.popFirst() else { throw .malformedFrame(problem: "it ends before the number of parts") }
        guard count <= MessageLimits.parts else {
            throw .malformedFrame(problem: "found \(count) parts, the limit is \(MessageLimits.parts)")
        }
        guard rest.count >= 4 * Int(count) else {
            throw .malformedFrame(problem: "it ends within the lengths of its \(count) parts")
        }
        let lengths = (0..<Int(count)).map { index in
            rest.dropFirst(4 * index).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        rest = rest.dropFirst(4 * Int(count))
        let total = lengths.reduce(0, +)
        guard rest.count == total else {
            throw .malformedFrame(problem: "its parts should have \(total) bytes, found \(rest.count)")
        }
        return lengths.map { length in
            defer { rest = rest.dropFirst(length) }
            return rest.prefix(length)
        }
    }

    /// The only frame of a message that a socket received.
    ///
    /// - Parameter frames: the frames of the message, or the first of them. T2/2 and its predecessors sent several, the
    ///   version first.
    static func only(of frames: some Collection<Data>) throws(ProtocolError) -> Data {
        guard let first = frames.first, frames.count == 1 else {
            let found = frames.first.map(start) ?? ""
            guard found.hasPrefix("T2/"), found != Message.version else {
                throw .malformedFrame(problem: "expected 1 frame, found \(frames.isEmpty ? "none" : "more")")
            }
            throw .unsupportedVersion(found: found)
        }
        return first
    }

    /// What stands where the version should, for an error.
    static func start(of frame: Data) -> String {
        let text = frame.prefix(40).prefix { (0x20...0x7e).contains($0) }
        return String(decoding: text, as: UTF8.self)
    }
}
