import COpenBLAS

/// Matrix products by OpenBLAS.
///
/// OpenBLAS copies its operands into packed panels before it multiplies. The exceptions are products of untransposed
/// matrices with at most 10⁶ multiply-adds, which AVX-512 kernels compute in place. If the right operand fits into the
/// second-level cache, splitting a product into blocks of that size avoids the copies: 115 instead of 80–100 GFLOP/s
/// per core for the shapes of a small model (`t2-bench products`). The blocks depend only on the shapes, so results
/// repeat bit for bit.
package enum MatrixMultiply {
    /// The largest product, in multiply-adds, that OpenBLAS computes without packing.
    private static let unpackedLimit = 1_000_000
    /// The largest right operand, in bytes, that stays in the cache between blocks of rows.
    private static let cachedBytes = 1 << 20
    private static let blockRows = 32

    /// C = A·B, or C += A·B.
    ///
    /// - Shapes: a [M, K], b [K, N], c [M, N].
    /// - Cost: 2·M·N·K flops.
    package static func multiply(_ a: Matrix, _ b: Matrix, into c: Matrix, accumulate: Bool = false) {
        precondition(a.columns == b.rows && a.rows == c.rows && b.columns == c.columns)
        let (m, n, k) = (a.rows, b.columns, a.columns)
        guard m > 0, n > 0, k > 0 else { return }
        let blockColumns = unpackedLimit / (min(m, blockRows) * k) / 32 * 32
        guard m * n * k > unpackedLimit, k * n * 4 <= cachedBytes, blockColumns >= 32 else {
            return product(a, b, into: c, depth: k, accumulate)
        }
        let width = min(blockColumns, 128)
        for row in stride(from: 0, to: m, by: blockRows) {
            let rows = row..<min(row + blockRows, m)
            for column in stride(from: 0, to: n, by: width) {
                let columns = column..<min(column + width, n)
                product(a.rows(rows), b.columns(columns), into: c.rows(rows).columns(columns), depth: k, accumulate)
            }
        }
    }

    /// C = A·Bᵀ, or C += A·Bᵀ.
    ///
    /// - Shapes: a [M, K], b [N, K], c [M, N].
    /// - Cost: 2·M·N·K flops.
    package static func multiplyTransposed(_ a: Matrix, _ b: Matrix, into c: Matrix, accumulate: Bool = false) {
        precondition(a.columns == b.columns && a.rows == c.rows && b.rows == c.columns)
        product(a, b, into: c, depth: a.columns, right: CblasTrans, accumulate)
    }

    /// C = Aᵀ·B, or C += Aᵀ·B.
    ///
    /// - Shapes: a [K, M], b [K, N], c [M, N].
    /// - Cost: 2·M·N·K flops.
    package static func multiplyTransposedLeft(_ a: Matrix, _ b: Matrix, into c: Matrix, accumulate: Bool = false) {
        precondition(a.rows == b.rows && a.columns == c.rows && b.columns == c.columns)
        product(a, b, into: c, depth: a.rows, left: CblasTrans, accumulate)
    }

    private static func product(
        _ a: Matrix, _ b: Matrix, into c: Matrix, depth: Int, left: CBLAS_TRANSPOSE = CblasNoTrans,
        right: CBLAS_TRANSPOSE = CblasNoTrans, _ accumulate: Bool
    ) {
        guard c.rows > 0, c.columns > 0, depth > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, left, right, blasint(c.rows), blasint(c.columns), blasint(depth), 1, a.pointer,
            blasint(a.stride), b.pointer, blasint(b.stride), accumulate ? 1 : 0, c.pointer, blasint(c.stride))
    }

    /// Sets the number of threads that compute one product. t2 uses one: splitting a product over threads changes its
    /// last bits.
    package static func useThreads(_ count: Int) { openblas_set_num_threads(Int32(count)) }

    /// The core type whose kernels OpenBLAS uses on this processor, for example "Cooperlake".
    package static var coreName: String { String(cString: openblas_get_corename()) }

    /// The version and build options of OpenBLAS, for example "OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY Cooperlake".
    package static var libraryDescription: String { String(cString: openblas_get_config()) }
}
