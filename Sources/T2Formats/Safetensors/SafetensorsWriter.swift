import Foundation
import T2Core

/// Writes tensors and text metadata as a safetensors file. The same content gives the same bytes.
package enum SafetensorsWriter {
    package struct Tensor {
        package let name: String
        package let shape: [Int]
        package let values: [Float]

        package init(name: String, shape: [Int], values: [Float]) {
            precondition(shape.reduce(1, *) == values.count)
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    /// The header's entry for a tensor.
    package struct Entry: Sendable {
        package let name: String
        package let element: TensorElement
        package let shape: [Int]

        package var byteCount: Int { element.bitCount * shape.reduce(1, *) / 8 }

        package init(name: String, element: TensorElement, shape: [Int]) {
            self.name = name
            self.element = element
            self.shape = shape
        }
    }

    /// Stores float32 tensors in the given order; the header's keys are sorted.
    ///
    /// - Throws: `SystemError`; an old file is then unchanged.
    package static func write(_ tensors: [Tensor], metadata: [String: String], to path: String) throws {
        let entries = tensors.map { Entry(name: $0.name, element: .float32, shape: $0.shape) }
        var values = tensors.lazy.map(\.values).makeIterator()
        try write(entries, metadata: metadata, to: path) { _, append in
            try values.next()!.withUnsafeBytes { try append($0) }
        }
    }

    /// Stores tensors of any element type, with one tensor in memory at a time.
    ///
    /// - Parameter content: appends the bytes of an entry, little-endian and as many as its shape needs.
    package static func write(
        _ entries: [Entry], metadata: [String: String], to path: String,
        content: (Entry, AtomicFile.Append) throws -> Void
    ) throws {
        let header = try header(entries, metadata: metadata)
        try AtomicFile.write(to: path) { append in
            try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try append($0) }
            try header.withUnsafeBytes { try append($0) }
            try withoutActuallyEscaping(append) { append in
                for entry in entries {
                    var appended = 0
                    try content(entry) {
                        appended += $0.count
                        try append($0)
                    }
                    precondition(appended == entry.byteCount)
                }
            }
        }
    }

    private static func header(_ entries: [Entry], metadata: [String: String]) throws -> Data {
        var header = SafetensorsHeader(metadata: metadata)
        var offset = 0
        for entry in entries {
            let end = offset + entry.byteCount
            header.entries[entry.name] = .init(
                dtype: entry.element.rawValue, shape: entry.shape, data_offsets: [offset, end])
            offset = end
        }
        var data = Data(try CanonicalJSON.text(header).utf8)
        // Readers map tensor data in place, so it starts at a multiple of the element size.
        while data.count % 8 != 0 { data.append(UInt8(ascii: " ")) }
        return data
    }
}
