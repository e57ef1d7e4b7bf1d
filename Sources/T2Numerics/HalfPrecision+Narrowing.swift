import T2Core
import T2Formats

extension HalfPrecision {
    /// The little-endian bytes of values in a stored type, each rounded to the nearest, ties to even.
    ///
    /// - Parameters:
    ///   - values: finite.
    ///   - name: of the tensor, for messages.
    /// - Throws: `InputError` if a value lies beyond the type's range; `SafetensorsError` for a type that is not f32, f16 or bf16.
    package static func narrow(_ values: FloatBuffer, to element: TensorElement, name: String) throws -> [UInt8] {
        let source = UnsafeBufferPointer(start: values.pointer, count: values.count)
        switch element {
        case .float32: return Array(UnsafeRawBufferPointer(source))
        case .float16: return try bytes(source, infinity: 0x7c00, element, name) { Float16($0).bitPattern }
        case .bfloat16: return try bytes(source, infinity: 0x7f80, element, name, bfloat)
        default:
            throw SafetensorsError.unexpectedElement(
                path: "output", name: name, expected: "F32, F16 or BF16", found: element.rawValue)
        }
    }

    /// The upper half of a float's bits: adding half of the last kept place less one, plus its own bit, rounds ties to even.
    private static func bfloat(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    }

    /// - Parameter infinity: the bits of the type's exponent, which only an infinity has all set here.
    private static func bytes(
        _ values: UnsafeBufferPointer<Float>, infinity: UInt16, _ element: TensorElement, _ name: String,
        _ narrowed: (Float) -> UInt16
    ) throws -> [UInt8] {
        var found = false
        let bytes = [UInt8](unsafeUninitializedCapacity: 2 * values.count) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for (index, value) in values.enumerated() {
                let bits = narrowed(value)
                found = found || bits & infinity == infinity
                raw.storeBytes(of: bits.littleEndian, toByteOffset: 2 * index, as: UInt16.self)
            }
            count = 2 * values.count
        }
        guard !found else {
            throw InputError(
                name, "holds values beyond the range of \(element.rawValue)", remedy: "Store it as float32 or bfloat16."
            )
        }
        return bytes
    }
}
