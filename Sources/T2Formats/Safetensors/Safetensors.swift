import Foundation
import T2Core

/// The errors of safetensors files.
package enum SafetensorsError: UserFacingError, Equatable {
    case truncated(path: String, expected: Int, found: Int)
    case malformed(path: String, problem: String)
    case missingTensor(path: String, name: String)
    case unexpectedShape(path: String, name: String, expected: [Int], found: [Int])
    case unexpectedElement(path: String, name: String, expected: String, found: String)

    package var description: String {
        switch self {
        case .truncated(let path, let expected, let found):
            "\(path): expected \(expected) bytes, found \(found): the file is truncated or was damaged in a copy. Copy or download it again."
        case .malformed(let path, let problem):
            "\(path): not a valid safetensors file: \(problem). Copy or download it again."
        case .missingTensor(let path, let name):
            "\(path): has no tensor '\(name)'. Is it the right file for this model?"
        case .unexpectedShape(let path, let name, let expected, let found):
            "\(path): tensor '\(name)' has shape \(found), expected \(expected). Does config.json belong to this file?"
        case .unexpectedElement(let path, let name, let expected, let found):
            "\(path): tensor '\(name)' has elements of type \(found), expected \(expected). Convert the tensor to that type."
        }
    }

    package var exitStatus: ExitStatus { .data }
}

/// A memory-mapped safetensors file. Its whole header is checked before any tensor is read.
///
/// Layout: 8 bytes little-endian header length, JSON header, tensor bytes.
/// - Source: https://github.com/huggingface/safetensors, "Format".
package final class SafetensorsFile: Sendable {
    package struct Tensor: Sendable, Equatable {
        package let element: TensorElement
        package let shape: [Int]
        /// The byte range inside the data section.
        package let range: Range<Int>

        package var count: Int { shape.reduce(1, *) }
    }

    package let file: MappedFile
    package let tensors: [String: Tensor]
    package let metadata: [String: String]
    private let dataStart: Int
    private static let pointerStart = Array("version https://git-lfs.github.com/spec/".utf8)

    package var path: String { file.path }

    /// - Throws: `SystemError` or `SafetensorsError`.
    package init(path: String) throws {
        file = try MappedFile(path: path)
        let size = file.count
        guard !file.withBytes({ $0.starts(with: Self.pointerStart) }) else {
            throw SafetensorsError.malformed(
                path: path, problem: "it is a pointer of Git LFS to the file itself, which git lfs pull fetches")
        }
        guard size >= 8 else { throw SafetensorsError.truncated(path: path, expected: 8, found: size) }
        let declared = file.withBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard declared <= 100_000_000 else {
            throw SafetensorsError.malformed(
                path: path, problem: "the header claims \(declared) bytes, the limit is 100000000")
        }
        let end = 8 + Int(declared)
        guard size >= end else { throw SafetensorsError.truncated(path: path, expected: end, found: size) }
        dataStart = end
        let header: SafetensorsHeader
        do {
            header = try JSONDecoder().decode(SafetensorsHeader.self, from: file.withBytes { Data($0[8..<end]) })
        } catch {
            throw SafetensorsError.malformed(
                path: path, problem: "its header cannot be read: \(decodingProblem(error))")
        }
        metadata = header.metadata
        tensors = try Self.check(header.entries, dataStart: dataStart, size: size, path: path)
    }

    /// The bytes of one tensor; the pointer is valid only inside `body`.
    ///
    /// - Throws: `SafetensorsError.missingTensor`, and what `body` throws.
    package func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
    {
        let place = try place(of: name)
        return try file.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[place])) }
    }

    /// Calls `body` with consecutive pieces of one tensor's bytes, as `MappedFile.forEachPiece` does.
    ///
    /// - Throws: as `withBytes`.
    package func forEachPiece(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try file.forEachPiece(of: place(of: name), body)
    }

    /// Gives a tensor's memory back to the system until it is used again.
    package func release(_ name: String) { if let place = try? place(of: name) { file.release(place) } }

    /// The range of one tensor's bytes in the file.
    private func place(of name: String) throws -> Range<Int> {
        guard let tensor = tensors[name] else { throw SafetensorsError.missingTensor(path: path, name: name) }
        return dataStart + tensor.range.lowerBound..<dataStart + tensor.range.upperBound
    }

    /// The values of a float32 tensor.
    ///
    /// - Parameter widens: whether 16-bit floating-point elements are accepted too, and widened without loss.
    /// - Throws: `SafetensorsError` if it is absent, of another type, or (when given) of another shape.
    package func floats(of name: String, shape: [Int]? = nil, widens: Bool = false) throws -> [Float] {
        guard let tensor = tensors[name] else { throw SafetensorsError.missingTensor(path: path, name: name) }
        if let shape, shape != tensor.shape {
            throw SafetensorsError.unexpectedShape(path: path, name: name, expected: shape, found: tensor.shape)
        }
        return try withBytes(of: name) { bytes in
            func widened(_ widen: (UInt16) -> Float) -> [Float] {
                (0..<tensor.count).map { widen(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
            }
            switch tensor.element {
            case .float32:
                return [Float](unsafeUninitializedCapacity: tensor.count) { buffer, count in
                    UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
                    count = tensor.count
                }
            case .float16 where widens: return widened { Float(Float16(bitPattern: $0)) }
            case .bfloat16 where widens: return widened { Float(bitPattern: UInt32($0) << 16) }
            default:
                throw SafetensorsError.unexpectedElement(
                    path: path, name: name, expected: widens ? "F32, F16 or BF16" : "F32",
                    found: tensor.element.rawValue)
            }
        }
    }

    private static func check(
        _ entries: [String: SafetensorsHeader.Entry], dataStart: Int, size: Int, path: String
    ) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        var end = 0
        for (name, entry) in entries {
            func malformed(_ problem: String) -> SafetensorsError {
                .malformed(path: path, problem: "tensor '\(name)' \(problem)")
            }
            guard let element = TensorElement(rawValue: entry.dtype) else {
                throw malformed("has the unknown element type '\(entry.dtype)'")
            }
            let offsets = entry.data_offsets
            guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
                throw malformed("has the byte range \(offsets)")
            }
            // Counted in bytes, or in bits for packed elements.
            let unitsPerByte = element.bitCount % 8 == 0 ? 1 : 8
            var count = element.bitCount * unitsPerByte / 8
            for extent in entry.shape {
                let (product, overflow) = count.multipliedReportingOverflow(by: extent)
                guard extent >= 0, !overflow else { throw malformed("has the impossible shape \(entry.shape)") }
                count = product
            }
            let range = offsets[0]..<offsets[1]
            guard count % unitsPerByte == 0, range.count == count / unitsPerByte else {
                throw malformed("holds \(range.count) bytes, its shape \(entry.shape) needs \(count / unitsPerByte)")
            }
            end = max(end, range.upperBound)
            tensors[name] = Tensor(element: element, shape: entry.shape, range: range)
        }
        guard end <= size - dataStart else {
            let (expected, overflow) = dataStart.addingReportingOverflow(end)
            throw SafetensorsError.truncated(path: path, expected: overflow ? .max : expected, found: size)
        }
        return tensors
    }
}

/// The JSON header: tensor entries beside an optional `__metadata__`.
struct SafetensorsHeader {
    struct Entry: Codable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    var metadata: [String: String] = [:]
    var entries: [String: Entry] = [:]
}

extension SafetensorsHeader: Codable {
    private static let metadataKey = "__metadata__"

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        for key in container.allKeys {
            if key.stringValue == Self.metadataKey {
                metadata = try container.decode([String: String].self, forKey: key)
            } else {
                entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: AnyKey.self)
        if !metadata.isEmpty { try container.encode(metadata, forKey: AnyKey(stringValue: Self.metadataKey)) }
        for (name, entry) in entries { try container.encode(entry, forKey: AnyKey(stringValue: name)) }
    }
}
