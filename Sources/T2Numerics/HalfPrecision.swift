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
    )
        -> Bool
    {
        let count = bytes.count / element.byteCount
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
}
