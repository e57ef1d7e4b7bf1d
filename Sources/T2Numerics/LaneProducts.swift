import CKernels
import COneDNN

/// The products of one lane with weights in bfloat16: the lane's threads, and what each of them needs. One thread at a time uses it.
///
/// x is rounded to bfloat16; sums and results are float32. A row's result depends neither on the other rows nor on the number of
/// threads. No method allocates memory for a shape that it has multiplied before.
///
/// Shape letters: T rows of x, K inputs, N outputs.
package final class LaneProducts {
    package let team: ThreadTeam
    private let multipliers: [OpaquePointer]
    /// x in bfloat16; weights that are packed for one product, and that are unpacked for it; a thread's part of y.
    private let rounded = GrowingMemory()
    private let packed = GrowingMemory()
    private let plain = GrowingMemory()
    private let parts: [GrowingMemory]

    package init(_ team: ThreadTeam) {
        self.team = team
        parts = (0..<team.count).map { _ in GrowingMemory() }
        multipliers = (0..<team.count).map { _ in
            guard let multiplier = t2_multiplier_new() else { fatalError("no memory for matrix products") }
            return multiplier
        }
    }

    deinit { for multiplier in multipliers { t2_multiplier_free(multiplier) } }

    /// y = x·W, or y += x·W.
    ///
    /// - Shapes: x [T, K], y [T, N].
    /// - Cost: 2·T·K·N flops.
    package func multiply(_ x: Matrix, _ w: PackedMatrix, into y: Matrix, accumulate: Bool = false) {
        precondition(x.columns == w.rows && x.rows == y.rows && w.columns == y.columns)
        multiply(round(x), w.packed, into: y, accumulate)
    }

    /// y = x·Wᵀ with the weights of another product, which are packed anew for this one.
    ///
    /// - Shapes: x [T, N], y [T, K].
    /// - Cost: 2·T·K·N flops, and 2·K·N elements are written and read.
    package func multiplyTransposed(_ x: Matrix, _ w: PackedMatrix, into y: Matrix) {
        precondition(x.columns == w.columns && x.rows == y.rows && w.rows == y.columns)
        let plain = plain.pointer(w.rows * w.columns, of: UInt16.self)
        forEachPart(w.columns) { _, columns in
            t2_unpack(
                w.packed, columns.lowerBound, columns.upperBound, plain + columns.lowerBound, true, w.columns, 1)
        }
        multiply(x, into: y, accumulate: false) { packed, columns in
            t2_pack(
                packed, columns.lowerBound, columns.upperBound, plain + columns.lowerBound * w.columns, true, 1,
                w.columns)
        }
    }

    /// y = x·W, or y += x·W, with weights that are packed for this product.
    ///
    /// - Shapes: x [T, K], w [K, N], or [N, K] if it is transposed; y [T, N].
    /// - Cost: 2·T·K·N flops, and K·N elements are read and written.
    package func multiply(
        _ x: Matrix, packing w: HalfMatrix, transposed: Bool = false, into y: Matrix, accumulate: Bool = false
    ) {
        precondition((transposed ? w.columns : w.rows) == x.columns && (transposed ? w.rows : w.columns) == y.columns)
        multiply(x, into: y, accumulate: accumulate) { packed, columns in
            transposed
                ? t2_pack(
                    packed, columns.lowerBound, columns.upperBound, w.row(columns.lowerBound), true, 1, w.columns)
                : t2_pack(
                    packed, columns.lowerBound, columns.upperBound, w.pointer + columns.lowerBound, true, w.columns, 1)
        }
    }

    private func multiply(
        _ x: Matrix, into y: Matrix, accumulate: Bool, pack: (OpaquePointer, Range<Int>) -> Bool
    ) {
        precondition(x.rows == y.rows)
        let memory = packed.pointer(t2_packed_size(x.columns, y.columns), of: UInt8.self)
        guard let packed = t2_packed_new(x.columns, y.columns, memory) else { fatalError(Self.noMemory) }
        defer { t2_packed_free(packed) }
        forEachPart(y.columns) { _, columns in pack(packed, columns) }
        multiply(round(x), packed, into: y, accumulate)
    }

    private static let noMemory = "no memory for matrix products"

    /// Threads divide the rows if there are many; of few rows, each thread computes some columns.
    private func multiply(_ x: UnsafePointer<UInt16>, _ w: OpaquePointer, into y: Matrix, _ accumulate: Bool) {
        let inputs = rounded.count / max(1, y.rows)
        guard y.rows > 0 else { return }
        if y.stride == y.columns, y.rows >= 16 * team.count || team.count == 1 {
            return team.split(y.rows) { thread, rows in
                let isDone = t2_multiply(
                    multipliers[thread], w, 0, y.columns, x + rows.lowerBound * inputs, rows.count,
                    y.row(rows.lowerBound), accumulate)
                precondition(isDone, Self.noMemory)
            }
        }
        forEachPart(y.columns) { thread, columns in
            let part = parts[thread].pointer(y.rows * columns.count, of: Float.self)
            guard
                t2_multiply(
                    multipliers[thread], w, columns.lowerBound, columns.upperBound, x, y.rows, part, false)
            else { return false }
            t2_copy_rows(part, y.pointer + columns.lowerBound, y.rows, columns.count, y.stride, accumulate ? 1 : 0)
            return true
        }
    }

    /// Calls `body` on each thread with its columns, which are whole blocks of packed weights.
    private func forEachPart(_ columns: Int, _ body: (Int, Range<Int>) -> Bool) {
        let width = Int(T2_PACKED_COLUMNS)
        team.split((columns + width - 1) / width) { thread, blocks in
            let isDone = body(thread, blocks.lowerBound * width..<min(columns, blocks.upperBound * width))
            precondition(isDone, Self.noMemory)
        }
    }

    /// x in bfloat16, dense; valid until the next call.
    private func round(_ x: Matrix) -> UnsafePointer<UInt16> {
        let target = rounded.pointer(x.rows * x.columns, of: UInt16.self)
        func round(_ rows: Range<Int>) {
            for row in rows { t2_to_bfloat(x.row(row), target + row * x.columns, x.columns) }
        }
        // Fewer values are not worth the threads.
        if rounded.count < 1 << 15 { round(0..<x.rows) } else { team.split(x.rows) { round($1) } }
        return UnsafePointer(target)
    }
}
