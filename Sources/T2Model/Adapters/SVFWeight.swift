import CKernels
import T2Numerics

/// The factors of one projection group of one layer: W_k = U_k diag(σ_k) V_kᵀ for each member k, side by side.
///
/// - Source: arXiv 2501.06252, section 3.1.
struct SVFWeight: Sendable {
    /// V of all members side by side, [N, R].
    private let v: FloatBuffer
    /// Uᵀ of each member, [R_k, M_k].
    private let uTransposed: [FloatBuffer]
    private let shape: FactorShape

    private var ranks: [Range<Int>] { shape.ranks }
    private var outputs: [Range<Int>] { shape.outputs }
    private var inputSize: Int { shape.inputSize }
    private var rank: Int { shape.rank }
    private var sigma: [Float] { shape.sigma }

    init(_ decompositions: [SingularValueDecomposition], _ shape: FactorShape) {
        self.shape = shape
        uTransposed = decompositions.map(\.uTransposed)
        v = FloatBuffer(count: shape.inputSize * shape.rank)
        for (decomposition, ranks) in zip(decompositions, shape.ranks) {
            let v_NR = decomposition.v.matrix(rows: shape.inputSize, columns: ranks.count)
            v.matrix(rows: shape.inputSize, columns: shape.rank).columns(ranks).copy(from: v_NR)
            decomposition.v.release()
        }
    }

    private var v_NR: Matrix { v.matrix(rows: inputSize, columns: rank) }

    private func u_RM(_ k: Int) -> Matrix { uTransposed[k].matrix(rows: ranks[k].count, columns: outputs[k].count) }

    /// Effective weight product under SVF: y = U(σ ⊙ z ⊙ Vᵀx).
    ///
    /// - Shapes: x_TN [T, N], a_TR [T, R] receives Vᵀx, s_TR [T, R] scratch, y_TM [T, M]; row-major float32.
    /// - Units: scales hold σ ⊙ z, one row per expert, `stride` apart; `experts` holds each token's row, nil means 0.
    /// - Accuracy: ≤ 2e-6 relative to merged execution; proved by `SVFWeightTests`.
    /// - Cost: 2·T·(N·R + Σ R_k·M_k) flops, no allocation.
    func multiply(
        _ x: Matrix, scales: UnsafePointer<Float>, stride: Int, experts: UnsafePointer<Int32>?, a: Matrix, s: Matrix,
        into y: Matrix, accumulate: Bool
    ) {
        MatrixMultiply.multiply(x, v_NR, into: a)
        t2_scale_rows(a.pointer, scales, experts, s.pointer, x.rows, rank, a.stride, s.stride, stride)
        for k in ranks.indices {
            MatrixMultiply.multiply(s.columns(ranks[k]), u_RM(k), into: y.columns(outputs[k]), accumulate: accumulate)
        }
    }

    /// The gradient of the factored product: b = Uᵀδ, ∂J/∂z += σ ⊙ Σ_t a ⊙ b, ∂J/∂x = V(σ ⊙ z ⊙ b); no ∂J/∂W.
    ///
    /// - Shapes: delta_TM [T, M], a_TR from the forward pass, b_TR scratch, dx_TN or nil if it is not needed.
    /// - Parameter sums: [R], receives Σ_t a ⊙ b without σ, which the caller multiplies in once at the end.
    /// - Cost: 2·T·(N·R + Σ R_k·M_k) flops, no allocation.
    func backward(
        _ delta: Matrix, scales: UnsafePointer<Float>, a: Matrix, b: Matrix, sums: UnsafeMutablePointer<Float>,
        dx: Matrix?
    ) {
        for k in ranks.indices {
            MatrixMultiply.multiplyTransposed(delta.columns(outputs[k]), u_RM(k), into: b.columns(ranks[k]))
        }
        precondition(a.stride == b.stride)
        t2_accumulate_products(a.pointer, b.pointer, sums, a.rows, rank, a.stride)
        guard let dx else { return }
        t2_scale_rows(b.pointer, scales, nil, b.pointer, b.rows, rank, b.stride, b.stride, 0)
        MatrixMultiply.multiplyTransposed(b, v_NR, into: dx)
    }

    /// W′ᵀ = V diag(σ ⊙ z) Uᵀ for all members, written side by side into `output` [N, M].
    ///
    /// - Shapes: z [R]; scratch of N·R floats.
    /// - Cost: 2·Σ N·R_k·M_k flops.
    func merge(z: UnsafePointer<Float>, scratch: FloatBuffer, into output: Matrix) {
        let scaled = scratch.matrix(rows: inputSize, columns: rank)
        let scale = FloatBuffer(count: rank)
        for r in 0..<rank { scale.pointer[r] = sigma[r] * z[r] }
        t2_scale_rows(v.pointer, scale.pointer, nil, scaled.pointer, inputSize, rank, rank, rank, 0)
        for k in ranks.indices {
            MatrixMultiply.multiply(scaled.columns(ranks[k]), u_RM(k), into: output.columns(outputs[k]))
        }
    }
}
