import T2Core
import T2Numerics

/// The form in which adapted weights are multiplied.
package enum Execution {
    /// W′ formed once, one policy for all rows: cheaper for many tokens without a gradient.
    case merged(MergedWeights)
    /// W′ forward; backward, the factors and z: what bfloat16 is trained in.
    case differentiable(MergedWeights, SVFModel, ExpertVector)
    /// U, σ ⊙ z and V as factors: each row may have its own z, and the backward pass yields ∂J/∂z.
    case factored(SVFModel, ScaleTable)
    /// The base weights plus LoRA's thin products, one policy for all rows: for its gradient.
    case lowRank(ProjectionTable<LoRAWeight?>)

    /// Whether the gradient needs the inputs of products.
    var needsInputs: Bool {
        switch self {
        case .differentiable, .lowRank: true
        case .merged, .factored: false
        }
    }
}

/// The scales of one or more experts, [experts, R of the whole model], row by row: σ ⊙ z, or σ ⊙ (z − 1) for a model in bfloat16.
package final class ScaleTable: Sendable {
    let buffer: FloatBuffer
    let stride: Int

    /// - Parameter vectors: vectors in the model's own layout.
    package init(_ model: SVFModel, _ vectors: [ExpertVector]) {
        let sigma = model.sigma
        stride = sigma.count
        buffer = FloatBuffer(count: sigma.count * vectors.count)
        let unit: Float = model.base.weights.type == .bfloat16 ? 1 : 0
        for (row, vector) in vectors.enumerated() {
            precondition(vector.layout == model.layout)
            for index in sigma.indices {
                buffer.pointer[row * stride + index] = sigma[index] * (vector.values[index] - unit)
            }
        }
    }
}
