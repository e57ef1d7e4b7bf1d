import T2Core
import T2Numerics

/// The form in which adapted weights are multiplied.
package enum Execution {
    /// W′ formed once, one policy for all rows: cheaper for many tokens without a gradient.
    case merged(MergedWeights)
    /// U, σ ⊙ z and V as factors: each row may have its own z, and the backward pass yields ∂J/∂z.
    case factored(SVFModel, ScaleTable)
    /// The base weights plus LoRA's thin products, one policy for all rows: for its gradient.
    case lowRank(LoRAWeights)

    /// Whether merging is cheaper for `tokens` tokens under `experts` vectors.
    ///
    /// Multiply-adds per weight: M·N·R per vector and M·N per token if merged, R·(M+N) per token if factored.
    package static func isMergingCheaper(_ model: ModelConfiguration, layout: ExpertLayout, tokens: Int, experts: Int)
        -> Bool
    {
        guard experts == 1 else { return false }
        var merged = 0.0
        var factored = 0.0
        let names = Set(layout.entries.map(\.name))
        for kind in MatrixKind.allCases where names.contains(kind.name(layer: 0)) {
            let (m, n) = kind.shape(model)
            let r = Double(min(m, n))
            merged += Double(m * n) * (r + Double(tokens))
            factored += r * Double(m + n) * Double(tokens)
        }
        return merged < factored
    }
}

/// σ ⊙ z of one or more experts: [experts, R of the whole model], row by row.
package final class ScaleTable: Sendable {
    let buffer: FloatBuffer
    let stride: Int

    /// - Parameter vectors: vectors in the model's own layout.
    package init(_ model: SVFModel, _ vectors: [ExpertVector]) {
        let sigma = model.sigma
        stride = sigma.count
        buffer = FloatBuffer(count: sigma.count * vectors.count)
        for (row, vector) in vectors.enumerated() {
            precondition(vector.layout == model.layout)
            for index in sigma.indices { buffer.pointer[row * stride + index] = sigma[index] * vector.values[index] }
        }
    }
}
