import Foundation
import T2Core
import T2Formats

#if _endian(big)
    #error("Tensors travel little-endian and are copied as they are; a big-endian host needs a conversion here.")
#endif

/// The description of a payload part in the header.
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

/// Payload parts and their descriptions, in the same order. A peer's parts are unchecked until `values` reads them.
struct TensorParts {
    /// The kind of the message, for errors.
    let kind: String
    private(set) var descriptions: [TensorDescription] = []
    private(set) var parts: [Data] = []

    init(kind: Message.Kind) { self.kind = kind.rawValue }

    /// The parts that a peer sent.
    init(kind: Message.Kind, descriptions: [TensorDescription], parts: [Data]) throws(ProtocolError) {
        self.init(kind: kind)
        guard descriptions.count == parts.count else {
            throw .wrongPartCount(kind: self.kind, expected: 2 + descriptions.count, found: 2 + parts.count)
        }
        self.descriptions = descriptions
        self.parts = parts
    }

    mutating func append<Scalar: TensorScalar>(_ name: String, _ values: [Scalar]) {
        descriptions.append(TensorDescription(name: name, element: Scalar.element, shape: [values.count]))
        parts.append(values.withUnsafeBytes { Data($0) })
    }

    /// Appends values that travel deflated.
    mutating func appendDeflated(_ name: String, _ values: [Float]) {
        descriptions.append(TensorDescription(name: name, element: .float32, shape: [values.count]))
        parts.append(DeflatedValues.pack(values))
    }

    /// The values of a part that travelled deflated, as `values` checks them.
    func deflatedValues(_ index: Int, name: String, count: Int) throws(ProtocolError) -> [Float] {
        try check(index, name: name, element: .float32, count: count)
        guard let values = DeflatedValues.unpack(parts[index], count: count) else {
            throw .wrongPayload(
                kind: kind, part: name, expected: "\(count) values, deflated",
                found: "\(parts[index].count) bytes that are not")
        }
        return values
    }

    /// The values of a part, which must be a vector of `count` elements with this type and name.
    func values<Scalar: TensorScalar>(_ index: Int, name: String, count: Int) throws(ProtocolError) -> [Scalar] {
        try check(index, name: name, element: Scalar.element, count: count)
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
        guard !overflow, parts[index].count == byteCount else {
            throw .wrongPayload(
                kind: kind, part: name, expected: "\(overflow ? .max : byteCount) bytes",
                found: "\(parts[index].count)")
        }
        return [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
            parts[index].copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }

    private func check(_ index: Int, name: String, element: TensorElement, count: Int) throws(ProtocolError) {
        guard index < descriptions.count else {
            throw .wrongPartCount(kind: kind, expected: 2 + index + 1, found: 2 + parts.count)
        }
        let description = descriptions[index]
        guard description.name == name else {
            throw .malformedHeader(
                kind: kind, problem: "payload \(index): expected '\(name)', found '\(printable(description.name))'")
        }
        guard description.element == element else {
            throw .wrongPayload(
                kind: kind, part: name, expected: "elements \(element.rawValue)",
                found: description.element.rawValue)
        }
        guard description.shape == [count] else {
            throw .wrongPayload(
                kind: kind, part: name, expected: "shape [\(count)]", found: "\(description.shape.prefix(8))")
        }
    }

    /// Over all bytes, in order.
    var digest: Digest {
        var builder = DigestBuilder()
        for part in parts { part.withUnsafeBytes { builder.update($0) } }
        return builder.finalize()
    }

    /// - Throws: `ProtocolError.digestMismatch` if the payload differs from the one that was sent.
    func require(_ expected: Digest) throws(ProtocolError) {
        let found = digest
        guard found == expected else { throw .digestMismatch(kind: kind, expected: expected, found: found) }
    }
}
