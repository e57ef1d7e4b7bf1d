import Foundation
import T2Core
import T2Formats

#if _endian(big)
    #error("Tensors travel little-endian and are copied as they are; a big-endian host needs a conversion here.")
#endif

/// The description of a payload frame in the header.
struct TensorDescription: Codable, Equatable {
    let name: String
    let element: TensorElement
    let shape: [Int]
}

/// A type of values that are sent in their memory representation.
protocol TensorScalar {
    static var element: TensorElement { get }
}

extension Float: TensorScalar {
    static var element: TensorElement { .float32 }
}

extension Int32: TensorScalar {
    static var element: TensorElement { .int32 }
}

/// Payload frames and their descriptions, in the same order. A peer's frames are unchecked until `values` reads them.
struct TensorFrames {
    /// The kind of the message, for errors.
    let kind: String
    private(set) var descriptions: [TensorDescription] = []
    private(set) var frames: [Data] = []

    init(kind: Message.Kind) { self.kind = kind.rawValue }

    /// The frames that a peer sent.
    init(kind: Message.Kind, descriptions: [TensorDescription], frames: [Data]) throws(ProtocolError) {
        self.init(kind: kind)
        guard descriptions.count == frames.count else {
            throw .wrongFrameCount(kind: self.kind, expected: 3 + descriptions.count, found: 3 + frames.count)
        }
        self.descriptions = descriptions
        self.frames = frames
    }

    mutating func append<Scalar: TensorScalar>(_ name: String, _ values: [Scalar]) {
        descriptions.append(TensorDescription(name: name, element: Scalar.element, shape: [values.count]))
        frames.append(values.withUnsafeBytes { Data($0) })
    }

    /// The values of a frame, which must be a vector of `count` elements with this type and name.
    func values<Scalar: TensorScalar>(_ index: Int, name: String, count: Int) throws(ProtocolError) -> [Scalar] {
        guard index < descriptions.count else {
            throw .wrongFrameCount(kind: kind, expected: 3 + index + 1, found: 3 + frames.count)
        }
        let description = descriptions[index]
        guard description.name == name else {
            throw .malformedHeader(
                kind: kind, problem: "payload \(index): expected '\(name)', found '\(printable(description.name))'")
        }
        guard description.element == Scalar.element else {
            throw .wrongPayload(
                kind: kind, frame: name, expected: "elements \(Scalar.element.rawValue)",
                found: description.element.rawValue)
        }
        guard description.shape == [count] else {
            throw .wrongPayload(
                kind: kind, frame: name, expected: "shape [\(count)]", found: "\(description.shape.prefix(8))")
        }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
        guard !overflow, frames[index].count == byteCount else {
            throw .wrongPayload(
                kind: kind, frame: name, expected: "\(overflow ? .max : byteCount) bytes",
                found: "\(frames[index].count)")
        }
        return [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
            frames[index].copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }

    /// Over all bytes, in order.
    var digest: Digest {
        var builder = DigestBuilder()
        for frame in frames { frame.withUnsafeBytes { builder.update($0) } }
        return builder.finalize()
    }

    /// - Throws: `ProtocolError.digestMismatch` if the payload differs from the one that was sent.
    func require(_ expected: Digest) throws(ProtocolError) {
        let found = digest
        guard found == expected else { throw .digestMismatch(kind: kind, expected: expected, found: found) }
    }
}

/// A peer's text made safe for a log line: at most 200 characters, with control characters replaced.
func printable(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(200)
    return String(String.UnicodeScalarView(start.map { $0.properties.generalCategory == .control ? "?" : $0 }))
}
