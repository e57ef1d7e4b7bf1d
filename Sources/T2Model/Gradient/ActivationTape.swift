import T2Core

/// The values that a forward pass keeps for the backward pass, in the type of the weights. It is reused between micro-batches and never
/// shrinks.
///
/// Shape letters: T tokens, S scored rows (after attention in the last layer), H hidden size, N inputs of a group,
/// R singular values or LoRA's ranks.
package final class ActivationTape {
    /// One layer's values.
    final class Layer {
        /// [T, H], and the norm's inverse [T].
        var residual: KeptMatrix
        var attentionInverse = GrowingBuffer()
        var queryKeyValue: KeptMatrix
        /// The attention's output, [T, heads·D].
        var attended: KeptMatrix
        /// Queries and keys before the norm of their heads, [T, (heads + kv)·D], and the norm's inverse [T, heads + kv];
        /// only if the model has such norms.
        var unnormedHeads: KeptMatrix
        var headInverse = GrowingBuffer()
        /// [T or S, H], and the norm's inverse.
        var middle: KeptMatrix
        var feedForwardInverse = GrowingBuffer()
        var gateUp: KeptMatrix
        /// a = Vᵀx of each projection group, [T or S, R], only in factored execution; Ax under LoRA.
        var projections = [GrowingBuffer](repeating: GrowingBuffer(), count: ProjectionGroup.allCases.count)

        init(_ type: WeightType) {
            residual = KeptMatrix(type)
            queryKeyValue = KeptMatrix(type)
            attended = KeptMatrix(type)
            unnormedHeads = KeptMatrix(type)
            middle = KeptMatrix(type)
            gateUp = KeptMatrix(type)
        }
    }

    let layers: [Layer]
    /// [S, H], and the norm's inverse [S].
    var finalResidual = GrowingBuffer()
    var finalInverse = GrowingBuffer()

    package init(_ model: BaseModel) {
        layers = (0..<model.configuration.layerCount).map { _ in Layer(model.weights.type) }
    }
}
