import Foundation

/// The sigmoid parameterisation of one matrix's z, rescaled such that the weight keeps its nuclear norm: Σ σ⊙z = Σ σ.
///
/// With m = c_max·sigmoid(p) and κ = Σσ / Σ(σ⊙m), z = κ·m. Since c_max cancels in κ·m, z does not depend on it, and it
/// does not appear in this type.
/// - Units: p and z are dimensionless; σ has the unit of the weight.
/// - Source: SakanaAI/self-adaptive-llms, `policy/base.py` and `utils.py: compose_new_params`.
package struct NuclearNormSigmoid: Sendable, Equatable {
    /// The singular values σ ≥ 0, [R].
    package let singularValues: [Double]
    private let nuclearNorm: Double

    /// Returns nil if the singular values are not finite, not all ≥ 0, or all 0.
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

    /// Computes ∂J/∂p from G = ∂J/∂z. The dependence of κ on p is included.
    ///
    /// With D = Σ(σ⊙s): ∂J/∂p_j = (Σσ/D)·s_j(1 − s_j)·(G_j − σ_j·(Σ_i G_i s_i)/D).
    /// - Shapes: p [R], G [R] -> [R].
    /// - Accuracy: within 1e-8 of central differences in Float64; proved by `ParameterisationTests`.
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
