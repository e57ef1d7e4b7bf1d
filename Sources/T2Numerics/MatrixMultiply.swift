import COpenBLAS
import Foundation
import T2Core

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

    /// The size in bytes of the buffer that OpenBLAS allocates for each thread that multiplies (BUFFER_SIZE on x86-64).
    private static let bufferBytes = 128 << 20

    /// Checks that the limits of this process leave room for a buffer for each of these threads, and for `others` bytes, and
    /// makes OpenBLAS allocate the buffers, which it keeps. It would try for ever if it could not allocate one later.
    ///
    /// - Throws: `InputError` (unavailable).
    package static func requireRoom(threads: Int, others: Int) throws {
        let bytes = threads * bufferBytes + others
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), address != MAP_FAILED else {
            throw InputError(
                "memory",
                "the system refuses \(bytes >> 20) MiB for \(threads) lanes and their matrix products: "
                    + String(cString: strerror(errno)),
                remedy: "Raise the limit on memory (ulimit -v), or give fewer --lanes.", exitStatus: .unavailable)
        }
        munmap(address, bytes)
        // Functions of OpenBLAS's own that its headers leave out; another BLAS does not have them.
        typealias Allocate = @convention(c) (Int32) -> UnsafeMutableRawPointer?
        typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Void
        let handle = dlopen(nil, RTLD_NOW)
        guard let allocate = dlsym(handle, "blas_memory_alloc"), let free = dlsym(handle, "blas_memory_free") else {
            return
        }
        let buffers = (0..<min(threads, 64)).map { _ in unsafeBitCast(allocate, to: Allocate.self)(0) }
        for buffer in buffers { unsafeBitCast(free, to: Free.self)(buffer) }
    }

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
    package static var buildDescription: String { String(cString: openblas_get_config()) }
}
