import COneDNN
import T2Core

/// A matrix of weights in bfloat16, in oneDNN's own order, for products x·W with float32 sums. Immutable; lanes share it.
///
/// Shape letters: K inputs, N outputs.
package final class PackedMatrix: @unchecked Sendable {
    /// K and N.
    package let rows: Int
    package let columns: Int
    let packed: OpaquePointer
    private let memory: UnsafeMutableRawPointer
    package let byteCount: Int

    /// Whether this processor multiplies bfloat16, and the installed oneDNN can be used for it.
    package static let isSupported = t2_onednn_is_suitable()

    /// The version of the installed oneDNN, for example "2.6.3".
    package static var oneDNNVersion: String { String(cString: t2_onednn_version()) }

    private init(rows: Int, columns: Int, _ pack: (OpaquePointer) -> Bool) {
        self.rows = rows
        self.columns = columns
        byteCount = t2_packed_size(rows, columns)
        memory = .allocate(byteCount: max(64, byteCount), alignment: 64)
        guard byteCount > 0, let packed = t2_packed_new(rows, columns, memory), pack(packed) else {
            fatalError("no memory for \(rows) × \(columns) weights")
        }
        self.packed = packed
    }

    deinit {
        t2_packed_free(packed)
        memory.deallocate()
    }

    /// - Parameter matrix: W, [K, N], whose values are rounded to nearest.
    package convenience init(_ matrix: Matrix) {
        self.init(rows: matrix.rows, columns: matrix.columns) {
            t2_pack($0, 0, matrix.columns, matrix.pointer, false, matrix.stride, 1)
        }
    }

    /// - Parameter matrix: Wᵀ, [N, K].
    package convenience init(transposed matrix: HalfMatrix) {
        self.init(rows: matrix.columns, columns: matrix.rows) {
            t2_pack($0, 0, matrix.rows, matrix.pointer, true, 1, matrix.columns)
        }
    }

    /// - Parameter matrix: W, [K, N].
    package convenience init(_ matrix: HalfMatrix) {
        self.init(rows: matrix.rows, columns: matrix.columns) {
            t2_pack($0, 0, matrix.columns, matrix.pointer, true, matrix.columns, 1)
        }
    }

    /// Writes W as float32, exactly.
    ///
    /// - Shapes: output [K, N].
    package func unpack(into output: Matrix) {
        precondition(output.rows == rows && output.columns == columns)
        guard t2_unpack(packed, 0, columns, output.pointer, false, output.stride, 1) else {
            fatalError("no memory to unpack \(rows) × \(columns) weights")
        }
    }
}
