import CKernels
import T2Core
import T2Numerics

/// LoRA's factors of one projection group of one layer: W′_k = W_k + B_k·A_k for each member k that is adapted.
///
/// Shape letters: T tokens, N inputs, M outputs of the group, R ranks of all members together.
/// - Source: arXiv 2106.09685, section 4.1.
package struct LoRAWeight: Sendable {
    /// One adapted weight of the group.
    struct Member: Sendable {
        /// The columns of this weight among the group's R and M.
        let ranks: Range<Int>
        let outputs: Range<Int>
        /// The indices of A [r, N] and B [M_k, r] in a flat vector.
        let a: Range<Int>
        let b: Range<Int>
    }

    let members: [Member]
    let inputSize: Int
    /// Aᵀ of all members side by side, [N, R].
    private let aTransposed: FloatBuffer
    /// Bᵀ of each member, [r_k, M_k].
    private let bTransposed: [FloatBuffer]
    /// Both for products in bfloat16; nil in float32.
    private let packed: (a: PackedMatrix, b: [PackedMatrix])?

    var rank: Int { members.last!.ranks.upperBound }

    /// - Parameter values: a flat vector whose B contains the scale.
    init(_ members: [Member], inputSize: Int, values: [Float], packs: Bool) {
        precondition(!members.isEmpty)
        self.members = members
        self.inputSize = inputSize
        let rank = members.last!.ranks.upperBound
        let aTransposed = FloatBuffer(count: inputSize * rank)
        let bTransposed = members.map { FloatBuffer(count: $0.b.count) }
        values.withUnsafeBufferPointer { values in
            for (member, b) in zip(members, bTransposed) {
                let r = member.ranks.count
                t2_transpose(
                    values.baseAddress! + member.a.lowerBound, aTransposed.pointer + member.ranks.lowerBound, r,
                    inputSize, inputSize, rank)
                t2_transpose(
                    values.baseAddress! + member.b.lowerBound, b.pointer, member.outputs.count, r, r,
                    member.outputs.count)
            }
        }
        (self.aTransposed, self.bTransposed) = (aTransposed, bTransposed)
        packed =
            packs
            ? (
                PackedMatrix(aTransposed.matrix(rows: inputSize, columns: rank)),
                zip(members, bTransposed).map {
                    PackedMatrix($1.matrix(rows: $0.ranks.count, columns: $0.outputs.count))
                }
            ) : nil
    }

    private var a_NR: Matrix { aTransposed.matrix(rows: inputSize, columns: rank) }

    private func b_RM(_ k: Int) -> Matrix {
        bTransposed[k].matrix(rows: members[k].ranks.count, columns: members[k].outputs.count)
    }

    /// Adds LoRA's part to the base's product: y += B(Ax).
    ///
    /// - Shapes: x_TN [T, N], h_TR [T, R] receives Ax, y_TM [T, M]; row-major float32.
    /// - Accuracy: ≤ 2e-5 in log-probabilities from merged execution; proved by `LoRAModelTests`.
    /// - Cost: 2·T·(N·R + Σ r_k·M_k) flops, no allocation.
    func add(_ x: Matrix, h: Matrix, into y: Matrix, _ products: LaneProducts) {
        if let packed {
            products.multiply(x, packed.a, into: h)
            for (member, b) in zip(members, packed.b) {
                products.multiply(h.columns(member.ranks), b, into: y.columns(member.outputs), accumulate: true)
            }
            return
        }
        MatrixMultiply.multiply(x, a_NR, into: h)
        for (k, member) in members.enumerated() {
            MatrixMultiply.multiply(h.columns(member.ranks), b_RM(k), into: y.columns(member.outputs), accumulate: true)
        }
    }

    /// The gradient of `add`, with g = Bᵀδ per token: ∂J/∂B += δ(Ax)ᵀ, ∂J/∂A += gxᵀ, ∂J/∂x += Aᵀg; no ∂J/∂W.
    ///
    /// - Shapes: delta_TM [T, M], x_TN and h_TR from the forward pass, g_TR scratch, dx_TN with the base's part, or nil
    ///   if it is not needed.
    /// - Parameter sums: the gradient as a flat vector.
    /// - Cost: 4·T·(N·R + Σ r_k·M_k) flops, no allocation.
    func backward(_ delta: Matrix, x: Matrix, h: Matrix, g: Matrix, sums: UnsafeMutablePointer<Float>, dx: Matrix?) {
        for (k, member) in members.enumerated() {
            let r = member.ranks.count
            let delta_TM = delta.columns(member.outputs)
            let g_TR = g.columns(member.ranks)
            MatrixMultiply.multiplyTransposed(delta_TM, b_RM(k), into: g_TR)
            MatrixMultiply.multiplyTransposedLeft(
                delta_TM, h.columns(member.ranks),
                into: Matrix(pointer: sums + member.b.lowerBound, rows: member.outputs.count, columns: r, stride: r),
                accumulate: true)
            MatrixMultiply.multiplyTransposedLeft(
                g_TR, x,
                into: Matrix(pointer: sums + member.a.lowerBound, rows: r, columns: inputSize, stride: inputSize),
                accumulate: true)
        }
        if let dx { MatrixMultiply.multiplyTransposed(g, a_NR, into: dx, accumulate: true) }
    }

    /// Whether any B has a nonzero value.
    func changesOutputs(_ vector: ExpertVector) -> Bool {
        members.contains { vector.values[$0.b].contains { $0 != 0 } }
    }

    /// W′ᵀ = Wᵀ + AᵀBᵀ of all members, in place.
    ///
    /// - Shapes: weights [N, M], holding Wᵀ.
    func addMerged(into weights: Matrix) {
        for (k, member) in members.enumerated() {
            MatrixMultiply.multiply(
                a_NR.columns(member.ranks), b_RM(k), into: weights.columns(member.outputs), accumulate: true)
        }
    }
}
