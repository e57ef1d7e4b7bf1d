import CKernels
import T2Core
import T2Formats

/// Conversions between float32 and the types in which weights are stored.
package enum HalfPrecision {
    /// Writes a tensor's values as float32 into `output`, from index `offset` on. The conversion is exact.
    ///
    /// - Parameter bytes: the tensor's raw little-endian bytes.
    /// - Returns: false if the type is not f32, f16 or bf16.
    package static func widen(
        _ bytes: UnsafeRawBufferPointer, _ element: TensorElement, into output: FloatBuffer, at offset: Int = 0
    ) -> Bool {
        let count = bytes.count / (element.bitCount / 8)
        precondition(offset + count <= output.count)
        guard let source = bytes.baseAddress else { return true }
        let target = output.pointer + offset
        switch element {
        case .float32: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
        case .float16: withAligned(source, count) { t2_from_half($0, target, count) }
        case .bfloat16: withAligned(source, count) { t2_from_bfloat($0, target, count) }
        default: return false
        }
        return true
    }

    private static func withAligned(_ source: UnsafeRawPointer, _ count: Int, _ body: (UnsafePointer<UInt16>) -> Void) {
        if Int(bitPattern: source) % 2 == 0 {
            body(source.assumingMemoryBound(to: UInt16.self))
        } else {
            let copy = (0..<count).map { source.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self) }
            copy.withUnsafeBufferPointer { body($0.baseAddress!) }
        }
    }

    /// The little-endian bytes of float32 values in a stored type, each rounded to nearest, ties to even.
    ///
    /// - Parameters:
    ///   - values: finite numbers.
    ///   - name: the name of the tensor, for error messages.
    /// - Throws: `InputError` if a value lies beyond the type's range; `SafetensorsError` if the type is not f32, f16
    ///   or bf16.
    package static func narrow(_ values: FloatBuffer, to element: TensorElement, name: String) throws -> [UInt8] {
        switch element {
        case .float32: return Array(UnsafeRawBufferPointer(values.elements))
        case .float16: return try bytes(values, infinity: 0x7c00, element, name) { Float16($0).bitPattern }
        case .bfloat16: return try bytes(values, infinity: 0x7f80, element, name, bfloat)
        default:
            throw SafetensorsError.unexpectedElement(
                path: "output", name: name, expected: "F32, F16 or BF16", found: element.rawValue)
        }
    }

    /// The upper 16 bits of a float32. Adding 0x7fff plus the lowest bit that is kept rounds to nearest, ties to even.
    private static func bfloat(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    }

    /// - Parameter infinity: the exponent bits of the type. Only an infinity has all of them set, since the values are
    ///   not NaN.
    private static func bytes(
        _ values: FloatBuffer, infinity: UInt16, _ element: TensorElement, _ name: String, _ narrowed: (Float) -> UInt16
    ) throws -> [UInt8] {
        var found = false
        let bytes = [UInt8](unsafeUninitializedCapacity: 2 * values.count) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for (index, value) in values.elements.enumerated() {
                let bits = narrowed(value)
                found = found || bits & infinity == infinity
                raw.storeBytes(of: bits.littleEndian, toByteOffset: 2 * index, as: UInt16.self)
            }
            count = 2 * values.count
        }
        guard !found else {
            throw InputError(
                name, "holds values beyond the range of \(element.rawValue)",
                remedy: "Store the tensor as float32 or bfloat16.")
        }
        return bytes
    }
}
