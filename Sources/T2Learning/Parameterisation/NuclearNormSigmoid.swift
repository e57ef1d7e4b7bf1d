import Foundation

/// The sigmoid form of one matrix's z, rescaled to keep the nuclear norm of the weight: Σ σ⊙z = Σ σ.
///
/// With m = c_max·sigmoid(p) and κ = Σσ / Σ(σ⊙m), z = κ·m. c_max cancels in κ·m, so z does not depend on it and it does not
/// appear here.
/// - Units: p and z are dimensionless, σ has the weight's unit.
/// - Source: SakanaAI/self-adaptive-llms, `policy/base.py` and `utils.py: compose_new_params`.
package struct NuclearNormSigmoid: Sendable, Equatable {
    /// σ ≥ 0, [R].
    package let singularValues: [Double]
    private let nuclearNorm: Double

    /// nil if the singular values are not finite, not all ≥ 0, or all 0.
    package init?(singularValues: [Double]) {
        nuclearNorm = singularValues.reduce(0, +)
        guard singularValues.allSatisfy({ $0 >= 0 }), nuclearNorm > 0, nuclearNorm.isFinite else { return nil }
        self.singularValues = singularValues
    }

    /// z = s·Σσ / Σ(σ⊙s), s = sigmoid(p).
    ///
    /// - Shapes: p [R] -> z [R].
    package func vector(_ p: [Double]) -> [Double] {
        let s = p.map(Self.sigmoid)
        let scale = nuclearNorm / weightedSum(s)
        return s.map { scale * $0 }
    }

    /// ∂J/∂p from G = ∂J/∂z, κ's dependence on p included.
    ///
    /// With D = Σ(σ⊙s): ∂J/∂p_j = (Σσ/D)·s_j(1 − s_j)·(G_j − σ_j·(Σ_i G_i s_i)/D).
    /// - Shapes: p [R], G [R] -> [R].
    /// - Accuracy: agrees with central differences in Float64 to 1e-8; proved by `ParameterisationTests`.
    package func gradient(p: [Double], vectorGradient: [Double]) -> [Double] {
        let s = p.map(Self.sigmoid)
        let weighted = weightedSum(s)
        let alongVector = zip(vectorGradient, s).reduce(0) { $0 + $1.0 * $1.1 } / weighted
        return p.indices.map { j in
            nuclearNorm / weighted * s[j] * (1 - s[j]) * (vectorGradient[j] - singularValues[j] * alongVector)
        }
    }

    private func weightedSum(_ s: [Double]) -> Double {
        zip(singularValues, s).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
