/// The element types of safetensors files. t2 computes with the first four; tensors of others may stand beside them.
///
/// - Source: `Dtype` of https://github.com/huggingface/safetensors, version 0.8.
package enum TensorElement: String, Sendable, Codable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case bool = "BOOL"
    case complex64 = "C64"
    case float8e4m3 = "F8_E4M3"
    case float8e5m2 = "F8_E5M2"
    case float8e8m0 = "F8_E8M0"
    case float8e4m3fnuz = "F8_E4M3FNUZ"
    case float8e5m2fnuz = "F8_E5M2FNUZ"
    case float6e2m3 = "F6_E2M3"
    case float6e3m2 = "F6_E3M2"
    case float4 = "F4"

    /// The bits of one element; elements of fewer than 8 bits are packed.
    package var bitCount: Int {
        switch self {
        case .float64, .int64, .uint64, .complex64: 64
        case .float32, .int32, .uint32: 32
        case .float16, .bfloat16, .int16, .uint16: 16
        case .int8, .uint8, .bool, .float8e4m3, .float8e5m2, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz: 8
        case .float6e2m3, .float6e3m2: 6
        case .float4: 4
        }
    }

    /// Whether weights are stored in this type as they are, without a scale.
    var isWeight: Bool { [.float32, .float16, .bfloat16].contains(self) }

    /// Whether quantised weights are stored in this type.
    var isQuantised: Bool {
        ![.float64, .float32, .float16, .bfloat16, .int64, .uint64, .bool, .complex64].contains(self)
    }

    /// Whether no value is a NaN or an infinity, in a type of weights; true for other types.
    ///
    /// A float is a NaN or an infinity if all bits of its exponent are set.
    func isFinite(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .float32: Self.lacks(0x7f80_0000 as UInt32, bytes)
        case .float16: Self.lacks(0x7c00 as UInt16, bytes)
        case .bfloat16: Self.lacks(0x7f80 as UInt16, bytes)
        default: true
        }
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
