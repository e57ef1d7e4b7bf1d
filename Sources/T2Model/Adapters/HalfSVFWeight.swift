import CKernels
import T2Numerics

/// The factors of one projection group of one layer for products in bfloat16. They stay on disk, and are packed when they are needed.
///
/// Shape letters as in `SVFWeight`.
struct HalfSVFWeight: Sendable {
    private let shape: FactorShape
    /// V of each member, [N, R_k], and Uᵀ, [R_k, M_k].
    private let v: [HalfMatrix]
    private let uTransposed: [HalfMatrix]

    init(_ decompositions: [HalfDecomposition], _ shape: FactorShape) {
        self.shape = shape
        v = decompositions.map(\.v)
        uTransposed = decompositions.map(\.uTransposed)
    }

    /// W′ᵀ = Wᵀ + V diag(σ ⊙ (z − 1)) Uᵀ for all members, in place.
    ///
    /// - Shapes: z [R]; weight [N, M].
    /// - Accuracy: 2⁻⁹ of the difference, less than the rounding of W′ to bfloat16.
    /// - Cost: 2·Σ N·R_k·M_k flops.
    func addDifference(z: UnsafePointer<Float>, to weight: Matrix, _ products: LaneProducts) {
        let scratch = FloatBuffer(count: shape.inputSize * shape.rank)
        for (k, ranks) in shape.ranks.enumerated() {
            let scale = zip(shape.sigma[ranks], UnsafeBufferPointer(start: z + ranks.lowerBound, count: ranks.count))
                .map { $0 * ($1 - 1) }
            let scaled = scratch.matrix(rows: shape.inputSize, columns: ranks.count)
            products.team.split(shape.inputSize) { _, rows in
                for row in rows {
                    t2_from_bfloat(v[k].row(row), scaled.row(row), ranks.count)
                    t2_scale_rows(
                        scaled.row(row), scale, nil, scaled.row(row), 1, ranks.count, ranks.count, ranks.count, 0)
                }
            }
            products.multiply(
                scaled, packing: uTransposed[k], into: weight.columns(shape.outputs[k]), accumulate: true)
        }
        release()
    }

    /// The gradient of a product by merged weights, y = W′x: with a = Vᵀx and b = Uᵀδ, ∂J/∂z += σ ⊙ Σ_t a ⊙ b and
    /// ∂J/∂x = V(σ ⊙ z ⊙ b), which needs fewer flops than W′ᵀδ.
    ///
    /// - Shapes: x [T, N], delta [T, M], z [R], a and b [T, R] scratch, dx [T, N] or nil if it is not needed.
    /// - Parameter sums: [R], receives Σ_t a ⊙ b without σ.
    /// - Cost: 2·T·(2·N·R + Σ R_k·M_k) flops.
    func backward(
        _ delta: Matrix, x: Matrix, z: UnsafePointer<Float>, a: Matrix, b: Matrix, sums: UnsafeMutablePointer<Float>,
        dx: Matrix?, _ products: LaneProducts
    ) {
        for (k, ranks) in shape.ranks.enumerated() {
            let (a_TR, b_TR, start) = (part(ranks, of: a), part(ranks, of: b), ranks.lowerBound)
            products.multiply(x, packing: v[k], into: a_TR)
            products.multiply(delta.columns(shape.outputs[k]), packing: uTransposed[k], transposed: true, into: b_TR)
            products.team.split(a_TR.columns) { _, columns in
                let first = columns.lowerBound
                t2_accumulate_products(
                    a_TR.pointer + first, b_TR.pointer + first, sums + start + first, a.rows, columns.count,
                    a_TR.stride)
            }
            guard let dx else { continue }
            let scale = zip(shape.sigma[ranks], UnsafeBufferPointer(start: z + start, count: ranks.count)).map(*)
            products.team.split(b_TR.rows) { _, rows in
                let row = b_TR.row(rows.lowerBound)
                t2_scale_rows(row, scale, nil, row, rows.count, b_TR.columns, b_TR.stride, b_TR.stride, 0)
            }
            products.multiply(b_TR, packing: v[k], transposed: true, into: dx, accumulate: k > 0)
        }
        release()
    }

    /// A member's part of scratch memory [T, R], as a dense matrix.
    private func part(_ ranks: Range<Int>, of scratch: Matrix) -> Matrix {
        Matrix(
            pointer: scratch.pointer + scratch.rows * ranks.lowerBound, rows: scratch.rows, columns: ranks.count,
            stride: ranks.count)
    }

    /// The factors, packed for many products.
    func packed() -> PackedFactors {
        defer { release() }
        return PackedFactors(
            shape: shape, v: v.map { PackedMatrix($0) }, uTransposed: uTransposed.map { PackedMatrix($0) })
    }

    /// Gives the memory of the mapped factors back until they are needed again.
    private func release() { for matrix in v + uTransposed { matrix.release() } }
}

/// The factors of one projection group in bfloat16, packed.
struct PackedFactors: Sendable {
    fileprivate let shape: FactorShape
    /// V of each member, [N, R_k], and Uᵀ, [R_k, M_k].
    fileprivate let v: [PackedMatrix]
    fileprivate let uTransposed: [PackedMatrix]

    /// y += U(s ⊙ Vᵀx) with a row of scales for each expert: what the expert adds to the base's product if the scales are σ ⊙ (z − 1).
    ///
    /// - Shapes: x [T, N], a and s [T, R] scratch, y [T, M].
    func add(
        _ x: Matrix, scales: UnsafePointer<Float>, stride: Int, experts: UnsafePointer<Int32>, a: Matrix, s: Matrix,
        into y: Matrix, _ products: LaneProducts
    ) {
        for (k, ranks) in shape.ranks.enumerated() { products.multiply(x, v[k], into: a.columns(ranks)) }
        t2_scale_rows(a.pointer, scales, experts, s.pointer, x.rows, shape.rank, a.stride, s.stride, stride)
        for (k, ranks) in shape.ranks.enumerated() {
            products.multiply(s.columns(ranks), uTransposed[k], into: y.columns(shape.outputs[k]), accumulate: true)
        }
    }
}
