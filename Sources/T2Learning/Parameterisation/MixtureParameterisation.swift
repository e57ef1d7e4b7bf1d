import T2Core
import T2Formats

/// Mixing coefficients α as the variables of a search or an optimizer: z = Σ_e α_e z_e.
///
/// W(Σ α z) = Σ α W(z), so a mixture of z is exactly the mixture of the adapted weights. Experts of the sigmoid parameterisation
/// are mixed as stored, after their nuclear-norm factor.
/// - Source: arXiv 2501.06252, section 3.3.
package struct MixtureParameterisation: Sendable {
    /// Whether all matrices share one α per expert, or each has its own.
    package enum Scope: String, Sendable, Codable {
        case shared
        case perMatrix = "per-matrix"
    }

    package let experts: [ExpertVector]
    package let scope: Scope
    /// Whether α is divided by its sum, matrix by matrix, before it is used.
    package let isNormalized: Bool

    package var layout: ExpertLayout { experts[0].layout }
    /// The number of values of α: experts, or experts × matrices; the values of one matrix are adjacent.
    package var count: Int { experts.count * groups }
    private var groups: Int { scope == .shared ? 1 : layout.entries.count }

    /// - Precondition: at least one expert; all have one layout.
    package init(_ experts: [ExpertVector], scope: Scope = .shared, isNormalized: Bool = false) {
        precondition(!experts.isEmpty && experts.allSatisfy { $0.layout == experts[0].layout })
        self.experts = experts
        self.scope = scope
        self.isNormalized = isNormalized
    }

    /// - Throws: `InputError` if the experts are of different base models or layouts, or LoRA adapters.
    package init(mixing entries: [ExpertLibrary.Entry], scope: Scope = .shared, isNormalized: Bool = false) throws {
        // Its checks are those of any mixture.
        try ExpertMixture.check(entries.map { ($0.path, $0.expert, 1) })
        self.init(entries.map(\.expert.vector), scope: scope, isNormalized: isNormalized)
    }

    /// The indices in α of a matrix's coefficients.
    private func range(_ matrix: Int) -> Range<Int> {
        let start = scope == .shared ? 0 : matrix * experts.count
        return start..<start + experts.count
    }

    /// α = 1/K.
    package var initial: [Double] { [Double](repeating: 1 / Double(experts.count), count: count) }

    /// The coefficients that a matrix is mixed with: α, normalised if that is asked for. A sum of 0 counts as equal shares.
    ///
    /// - Shapes: α [count] -> [experts].
    package func coefficients(_ alpha: [Double], matrix: Int) -> [Double] {
        let own = Array(alpha[range(matrix)])
        guard isNormalized else { return own }
        let sum = own.reduce(0, +)
        return sum == 0 ? own.map { _ in 1 / Double(experts.count) } : own.map { $0 / sum }
    }

    /// α → z.
    ///
    /// - Shapes: α [count] -> z of the experts' layout.
    /// - Accuracy: summed in Float64, rounded once; coefficients (1, 0, …) give the first expert's values bit for bit.
    package func vector(_ alpha: [Double]) -> ExpertVector {
        precondition(alpha.count == count)
        // −0 is what leaves every first summand as it is, −0 included.
        var sums = [Double](repeating: -0.0, count: layout.count)
        for matrix in layout.entries.indices {
            for (expert, coefficient) in zip(experts, coefficients(alpha, matrix: matrix)) where coefficient != 0 {
                for index in layout.range(matrix) { sums[index] += coefficient * Double(expert.values[index]) }
            }
        }
        return ExpertVector(layout: layout, values: sums.map { Float($0) })
    }

    /// The chain rule: ∂J/∂z → ∂J/∂α.
    ///
    /// - Shapes: α [count], vectorGradient of the layout -> [count].
    /// - Accuracy: Float64.
    package func parameterGradient(_ alpha: [Double], vectorGradient: ExpertVector) -> [Double] {
        precondition(alpha.count == count && vectorGradient.layout == layout)
        var gradient = [Double](repeating: 0, count: count)
        for matrix in layout.entries.indices {
            let range = range(matrix)
            // ∂J/∂(coefficient of e) = Σ_r z_e,r · ∂J/∂z_r.
            let slopes = experts.map { expert in
                layout.range(matrix).reduce(0.0) {
                    $0 + Double(expert.values[$1]) * Double(vectorGradient.values[$1])
                }
            }
            let sum = alpha[range].reduce(0, +)
            let shares = coefficients(alpha, matrix: matrix)
            let mean = zip(shares, slopes).reduce(0) { $0 + $1.0 * $1.1 }
            for (index, slope) in zip(range, slopes) {
                gradient[index] += isNormalized ? (sum == 0 ? 0 : (slope - mean) / sum) : slope
            }
        }
        return gradient
    }
}
