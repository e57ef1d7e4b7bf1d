/// The sizes, singular values and places of the factors of one projection group: W_k = U_k diag(σ_k) V_kᵀ for each member k.
struct FactorShape: Sendable {
    /// σ of all members, [R].
    let sigma: [Float]
    /// The index ranges of each member's singular values and outputs.
    let ranks: [Range<Int>]
    let outputs: [Range<Int>]
    let inputSize: Int
    /// The index of the group's first value in a flat vector of the model.
    let start: Int

    var rank: Int { sigma.count }
    /// The indices of the group's values in a flat vector of the model.
    var values: Range<Int> { start..<start + rank }

    /// - Parameter sigmas: σ of each member.
    init(sigmas: [[Float]], outputs: [Range<Int>], inputSize: Int, start: Int) {
        sigma = Array(sigmas.joined())
        self.outputs = outputs
        self.inputSize = inputSize
        self.start = start
        var end = 0
        ranks = sigmas.map { sigma in
            end += sigma.count
            return end - sigma.count..<end
        }
    }
}

/// The factors of a projection group in the form of the base's weights.
enum SVFFactors: Sendable {
    case float32(SVFWeight)
    case bfloat16(HalfSVFWeight)
}
