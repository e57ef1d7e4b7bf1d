import CLAPACKE
import T2Core

/// A thin singular value decomposition W = U diag(σ) Vᵀ.
package struct SingularValueDecomposition: Sendable {
    /// Uᵀ, [R, M] row-major, with R = min(M, N).
    package let uTransposed: FloatBuffer
    /// σ, [R], in descending order and in the units of W.
    package let sigma: [Float]
    /// V, [N, R] row-major.
    package let v: FloatBuffer
}

extension SingularValueDecomposition {
    /// Decomposes w by LAPACK's divide-and-conquer method `dgesdd`, in double precision: a float32 decomposition would
    /// make the gradient less accurate by 5e-5.
    ///
    /// - Shapes: w [M, N] row-major.
    /// - Accuracy: ‖W − UΣVᵀ‖ ≤ 1e-6·‖W‖ after rounding to float32.
    /// - Throws: `InputError` if LAPACK does not converge, for example because w holds a NaN.
    package init(_ w: UnsafePointer<Float>, rows: Int, columns: Int, name: String) throws {
        let rank = min(rows, columns)
        // Splitting a product over threads changes its last bits, and every program must compute the same factors.
        MatrixMultiply.useThreads(1)
        // The memory of row-major W is that of column-major Wᵀ = V Σ Uᵀ, whose left vectors are V, [N, R] column-major.
        var matrix = (0..<rows * columns).map { Double(w[$0]) }
        var values = [Double](repeating: 0, count: rank)
        var left = [Double](repeating: 0, count: columns * rank)
        var right = [Double](repeating: 0, count: rank * rows)
        let status = LAPACKE_dgesdd(
            LAPACK_COL_MAJOR, CChar(UInt8(ascii: "S")), Int32(columns), Int32(rows), &matrix, Int32(columns), &values,
            &left, Int32(columns), &right, Int32(rank))
        guard status == 0 else {
            throw InputError(
                name, "its singular value decomposition did not converge (LAPACK status \(status))",
                remedy: "Check the weight file for damage.")
        }
        self.init(
            uTransposed: FloatBuffer(count: rank * rows), sigma: values.map { Float($0) },
            v: FloatBuffer(count: columns * rank))
        for i in 0..<columns { for r in 0..<rank { v.pointer[i * rank + r] = Float(left[r * columns + i]) } }
        for j in 0..<rows { for r in 0..<rank { uTransposed.pointer[r * rows + j] = Float(right[j * rank + r]) } }
    }
}
