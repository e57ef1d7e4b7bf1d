/// A view of row-major float32 memory, [rows, columns], whose rows begin `stride` elements apart. It does not own the
/// memory.
package struct Matrix {
    package var pointer: UnsafeMutablePointer<Float>
    package var rows: Int
    package var columns: Int
    package var stride: Int

    package init(pointer: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int) {
        self.pointer = pointer
        self.rows = rows
        self.columns = columns
        self.stride = stride
    }

    /// A view of consecutive rows.
    package func rows(_ range: Range<Int>) -> Matrix {
        Matrix(pointer: pointer + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
    }

    /// A view of consecutive columns of every row.
    package func columns(_ range: Range<Int>) -> Matrix {
        Matrix(pointer: pointer + range.lowerBound, rows: rows, columns: range.count, stride: stride)
    }

    /// A pointer to the first element of a row.
    package func row(_ index: Int) -> UnsafeMutablePointer<Float> { pointer + index * stride }
}
