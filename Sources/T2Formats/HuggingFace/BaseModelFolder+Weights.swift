import T2Core

/// Checks of weights before they are used.
extension BaseModelFolder {
    /// Checks every weight that the model needs, before any of them is loaded.
    ///
    /// - Cost: one pass over the mapped files.
    /// - Throws: as `file(ofChecked:shape:)`, for the first weight at fault.
    package func checkWeights() throws {
        for (name, shape) in configuration.weights { _ = try file(ofChecked: name, shape: shape) }
    }

    /// The file that holds a weight, after checking its shape, that its type widens to float32, and that it is finite.
    ///
    /// - Throws: `SafetensorsError`, or `InputError` for a NaN or an infinity; both name weight and file.
    package func file(ofChecked name: String, shape: [Int]) throws -> SafetensorsFile {
        let file = try file(of: name)
        guard let tensor = file.tensors[name], tensor.shape == shape else {
            throw SafetensorsError.unexpectedShape(
                path: file.path, name: name, expected: shape, found: file.tensors[name]?.shape ?? [])
        }
        let isFinite = try file.withBytes(of: name) { bytes in
            // A float is a NaN or an infinity if all bits of its exponent are set.
            switch tensor.element {
            case .float32: Self.lacks(0x7f80_0000 as UInt32, bytes)
            case .float16: Self.lacks(0x7c00 as UInt16, bytes)
            case .bfloat16: Self.lacks(0x7f80 as UInt16, bytes)
            default:
                throw SafetensorsError.unexpectedElement(
                    path: file.path, name: name, expected: "F32, F16 or BF16", found: tensor.element.rawValue)
            }
        }
        guard isFinite else {
            throw InputError(
                file.path, "tensor '\(name)' holds a NaN or an infinity, expected finite weights",
                remedy: "Copy or download the model again; if training produced it, use an earlier checkpoint.")
        }
        return file
    }

    /// Whether no value has all bits of the mask set. The loop has no branch, so it compiles to vector code.
    @inline(__always)
    private static func lacks<Bits: FixedWidthInteger>(_ mask: Bits, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress else { return true }
        var found: Bits = 0
        for index in 0..<bytes.count / MemoryLayout<Bits>.size {
            let value = start.loadUnaligned(fromByteOffset: index &* MemoryLayout<Bits>.size, as: Bits.self)
            found |= value & mask == mask ? 1 : 0
        }
        return found == 0
    }
}
