import Foundation

/// Writes float32 tensors and text metadata as a safetensors file: the same content gives the same bytes.
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

    /// Tensors are stored in the order given; the header's keys are sorted.
    ///
    /// - Throws: `SystemError`; the old file, if any, is then untouched.
    package static func write(_ tensors: [Tensor], metadata: [String: String], to path: String) throws {
        let header = try header(tensors, metadata: metadata)
        try AtomicFile.write(to: path) { append in
            try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try append($0) }
            try header.withUnsafeBytes { try append($0) }
            for tensor in tensors { try tensor.values.withUnsafeBytes { try append($0) } }
        }
    }

    private static func header(_ tensors: [Tensor], metadata: [String: String]) throws -> Data {
        var object: [String: HeaderValue] = [:]
        if !metadata.isEmpty { object["__metadata__"] = .metadata(metadata) }
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.values.count * MemoryLayout<Float>.size
            object[tensor.name] = .entry(.init(shape: tensor.shape, offsets: [offset, end]))
            offset = end
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(object)
        // Readers map tensor data in place, so it starts at a multiple of the element size.
        while data.count % 8 != 0 { data.append(UInt8(ascii: " ")) }
        return data
    }

    private enum HeaderValue: Encodable {
        struct Entry: Encodable {
            var dtype = TensorElement.float32.rawValue
            let shape: [Int]
            let offsets: [Int]

            enum CodingKeys: String, CodingKey {
                case dtype, shape
                case offsets = "data_offsets"
            }
        }

        case metadata([String: String])
        case entry(Entry)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .metadata(let values): try values.encode(to: encoder)
            case .entry(let entry): try entry.encode(to: encoder)
            }
        }
    }
}
