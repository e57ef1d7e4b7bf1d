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
    private let memory: WeightMemory
    package let byteCount: Int

    /// Whether this processor multiplies bfloat16, and the installed oneDNN can be used for it.
    package static let isSupported = t2_onednn_is_suitable()

    /// The version of the installed oneDNN, for example "2.6.3".
    package static var oneDNNVersion: String { String(cString: t2_onednn_version()) }

    private init(rows: Int, columns: Int, _ pack: (OpaquePointer) -> Bool) {
        self.rows = rows
        self.columns = columns
        byteCount = t2_packed_size(rows, columns)
        memory = WeightMemory(byteCount: byteCount)
        guard byteCount > 0, let packed = t2_packed_new(rows, columns, memory.start), pack(packed) else {
            fatalError("no memory for \(rows) × \(columns) weights")
        }
        self.packed = packed
    }

    deinit { t2_packed_free(packed) }

    /// - Parameter matrix: W, [K, N], whose values are rounded to nearest.
    package convenience init(_ matrix: Matrix) {
        self.init(rows: matrix.rows, columns: matrix.columns) {
            t2_pack($0, 0, matrix.columns, matrix.pointer, false, matrix.stride, 1)
        }
    }

    /// - Parameter matrix: Wᵀ, [N, K].
    package convenience init(transposed matrix: HalfMatrix) { self.init(transposed: [matrix]) }

    /// Gives the memory of mapped parts back.
    ///
    /// - Parameter parts: Wᵀ in parts, [N_k, K], each below the one before.
    package convenience init(transposed parts: [HalfMatrix]) {
        let isCut = parts.dropLast().allSatisfy { $0.rows % Int(T2_PACKED_COLUMNS) == 0 }
        let parts = isCut ? parts : [HalfMatrix(joining: parts)]
        self.init(rows: parts[0].columns, columns: parts.reduce(0) { $0 + $1.rows }) { packed in
            var first = 0
            return parts.allSatisfy { part in
                defer {
                    first += part.rows
                    part.release()
                }
                return t2_pack(packed, first, first + part.rows, part.pointer, true, 1, part.columns)
            }
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
