import T2Core

/// The mapping from the optimizer's variables p to z, and from a gradient with respect to z to one with respect to p.
///
/// Everything outside the optimizer works with z only.
package enum Parameterisation: Sendable, Equatable {
    /// The parameterisation z = p, which starts at p = 1, the base model.
    ///
    /// - Source: arXiv 2501.06252, section 3.1.
    case direct(ExpertLayout)
    /// The parameterisation by `NuclearNormSigmoid` for each matrix, which starts at p = 0.1 + 0.01·N(0, 1).
    case sigmoid(ExpertLayout, [NuclearNormSigmoid])
    /// The parameterisation of LoRA, whose factors replace z: p = (A, B) and z = (A, s·B) with s = α/r, so that the
    /// computation with z does not need s. It starts at B = 0, the base model, with A uniform in ±1/√N as in peft
    /// (Kaiming, a = √5).
    ///
    /// - Source: arXiv 2106.09685, section 4.1; huggingface/peft, `tuners/lora/layer.py: reset_lora_parameters`.
    case lora(LoRALayout)

    /// The sigmoid parameterisation of matrices with these singular values.
    ///
    /// - Parameter singularValues: σ of each entry of the layout, in the same order.
    /// - Throws: `LearningError.wrongCount` or `.unusableSingularValues`, which names the weight.
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
        return .sigmoid(layout, matrices)
    }

    package var layout: ExpertLayout {
        switch self {
        case .direct(let layout), .sigmoid(let layout, _): layout
        case .lora(let matrices): matrices.expertLayout
        }
    }

    /// The layout of the factors, or nil if this is not the parameterisation of LoRA.
    package var lora: LoRALayout? {
        if case .lora(let matrices) = self { matrices } else { nil }
    }

    /// The name of the parameterisation in the metadata of an expert.
    package var name: String {
        switch self {
        case .direct: ParameterisationKind.direct.rawValue
        case .sigmoid: ParameterisationKind.sigmoid.rawValue
        case .lora: AdapterKind.lora.rawValue
        }
    }

    /// The parameters p before the first step.
    ///
    /// - Shapes: p [layout.count].
    package func initialParameters(seed: UInt64) -> [Float] {
        switch self {
        case .direct:
            return [Float](repeating: 1, count: layout.count)
        case .sigmoid:
            // Samples draw from the random streams of the steps ≥ 0. Step −1 has a stream of its own.
            var random = SeededRandom(seed: seed, .initialParameters)
            return (0..<layout.count).map { _ in Float(0.1 + 0.01 * random.nextNormal()) }
        case .lora(let matrices):
            var random = SeededRandom(seed: seed, .initialParameters)
            return matrices.matrices.flatMap { matrix in
                let bound = 1 / Double(matrix.inputs).squareRoot()
                return (0..<matrix.count(.a)).map { _ in Float(bound * (2 * random.nextUniform() - 1)) }
                    + [Float](repeating: 0, count: matrix.count(.b))
            }
        }
    }

    /// p → z.
    ///
    /// - Shapes: p [layout.count] -> z of the layout.
    /// - Accuracy: exact for `direct`; computed in Float64 and rounded once for `sigmoid`; rounded once for `lora`.
    package func vector(_ p: [Float]) -> ExpertVector {
        precondition(p.count == layout.count)
        let values: [Float] =
            switch self {
            case .direct: p
            case .lora(let matrices): matrices.scaled(p)
            case .sigmoid(_, let matrices):
                matrices.enumerated().flatMap { index, matrix in
                    matrix.vector(p[layout.range(index)].map(Double.init)).map { Float($0) }
                }
            }
        return ExpertVector(layout: layout, values: values)
    }

    /// The chain rule: ∂J/∂z → ∂J/∂p.
    ///
    /// - Shapes: p [layout.count], vectorGradient of the layout -> [layout.count].
    /// - Accuracy: exact for `direct`; computed in Float64 and rounded once for `sigmoid`; rounded once for `lora`.
    package func parameterGradient(p: [Float], vectorGradient: ExpertVector) -> [Float] {
        precondition(p.count == layout.count && vectorGradient.layout == layout)
        switch self {
        case .direct: return vectorGradient.values
        case .lora(let matrices): return matrices.scaled(vectorGradient.values)
        case .sigmoid(_, let matrices):
            return matrices.enumerated().flatMap { index, matrix in
                matrix.gradient(
                    p: p[layout.range(index)].map(Double.init),
                    vectorGradient: vectorGradient[entry: index].map(Double.init)
                ).map { Float($0) }
            }
        }
    }
}
