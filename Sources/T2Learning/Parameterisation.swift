import T2Core

/// How the optimizer's variables p become z, and how a gradient of z becomes one of p.
///
/// Everything outside the optimizer knows z alone.
package struct Parameterisation: Sendable, Equatable {
    private enum Form: Sendable, Equatable {
        case direct
        case sigmoid([NuclearNormSigmoid])
    }

    package let layout: ExpertLayout
    private let form: Form

    /// z = p, from p = 1: the base model.
    /// - Source: arXiv 2501.06252, section 3.1.
    package static func direct(_ layout: ExpertLayout) -> Parameterisation {
        Parameterisation(layout: layout, form: .direct)
    }

    /// z as in `NuclearNormSigmoid`, per matrix, from p = 0.1 + 0.01·N(0, 1).
    ///
    /// - Parameter singularValues: σ of each entry of the layout, in its order.
    /// - Throws: `LearningError.wrongCount` or `.unusableSingularValues` naming the weight.
    package static func sigmoid(
        _ layout: ExpertLayout, singularValues: [[Float]]
    ) throws(LearningError) -> Parameterisation {
        guard singularValues.count == layout.entries.count else {
            throw .wrongCount(
                quantity: "the list of singular values, one per adapted weight,", expected: layout.entries.count,
                found: singularValues.count)
        }
        var matrices: [NuclearNormSigmoid] = []
        for (entry, values) in zip(layout.entries, singularValues) {
            guard values.count == entry.count else {
                throw .wrongCount(
                    quantity: "the singular values of '\(entry.name)'", expected: entry.count, found: values.count)
            }
            guard let matrix = NuclearNormSigmoid(singularValues: values.map(Double.init)) else {
                throw .unusableSingularValues(
                    entry: entry.name, problem: "are not finite numbers ≥ 0 with a sum above 0")
            }
            matrices.append(matrix)
        }
        return Parameterisation(layout: layout, form: .sigmoid(matrices))
    }

    package var kind: ParameterisationKind {
        switch form {
        case .direct: .direct
        case .sigmoid: .sigmoid
        }
    }

    /// p before the first step.
    package func initialParameters(seed: UInt64) -> [Float] {
        switch form {
        case .direct:
            return [Float](repeating: 1, count: layout.count)
        case .sigmoid:
            // Samples draw from the streams of steps ≥ 0; −1 keeps this one apart from all of them.
            var random = SeededRandom(seed: seed, step: -1)
            return (0..<layout.count).map { _ in Float(0.1 + 0.01 * random.nextNormal()) }
        }
    }

    /// p → z.
    ///
    /// - Shapes: p [layout.count] -> z of the layout.
    /// - Accuracy: `direct` exact; `sigmoid` in Float64, rounded once.
    package func vector(_ p: [Float]) -> ExpertVector {
        precondition(p.count == layout.count)
        guard case .sigmoid(let matrices) = form else { return ExpertVector(layout: layout, values: p) }
        let values = matrices.enumerated().flatMap { index, matrix in
            matrix.vector(p[layout.range(index)].map(Double.init)).map { Float($0) }
        }
        return ExpertVector(layout: layout, values: values)
    }

    /// The chain rule: ∂J/∂z → ∂J/∂p.
    ///
    /// - Shapes: p [layout.count], vectorGradient of the layout -> [layout.count].
    /// - Accuracy: `direct` exact; `sigmoid` in Float64, rounded once.
    package func parameterGradient(p: [Float], vectorGradient: ExpertVector) -> [Float] {
        precondition(p.count == layout.count && vectorGradient.layout == layout)
        guard case .sigmoid(let matrices) = form else { return vectorGradient.values }
        return matrices.enumerated().flatMap { index, matrix in
            matrix.gradient(
                p: p[layout.range(index)].map(Double.init),
                vectorGradient: vectorGradient[entry: index].map(Double.init)
            ).map { Float($0) }
        }
    }
}
