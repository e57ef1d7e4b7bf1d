import T2Core
import T2Numerics

/// The values that a forward pass keeps for the backward pass. It is reused between micro-batches and never shrinks.
///
/// Shape letters: T tokens, S scored rows (after attention in the last layer), R singular values or LoRA's ranks.
package final class ActivationTape {
    /// One layer's values.
    final class Layer {
        fileprivate(set) var residual = GrowingMatrix()
        fileprivate(set) var attentionInverse = GrowingMatrix()
        fileprivate(set) var queryKeyValue = GrowingMatrix()
        fileprivate(set) var middle = GrowingMatrix()
        fileprivate(set) var feedForwardInverse = GrowingMatrix()
        fileprivate(set) var gateUp = GrowingMatrix()
        /// a = Vᵀx of each projection group; Ax under LoRA.
        fileprivate(set) var projections = [GrowingMatrix](
            repeating: GrowingMatrix(), count: ProjectionGroup.allCases.count)
        /// x of each projection group, only under LoRA.
        fileprivate(set) var inputs = [GrowingMatrix](
            repeating: GrowingMatrix(), count: ProjectionGroup.allCases.count)

        func residual(_ t: Int, _ h: Int) -> Matrix { residual.matrix(rows: t, columns: h) }
        func attentionInverse(_ t: Int) -> Matrix { attentionInverse.matrix(rows: t, columns: 1) }
        func queryKeyValue(_ t: Int, _ n: Int) -> Matrix { queryKeyValue.matrix(rows: t, columns: n) }
        func middle(_ t: Int, _ h: Int) -> Matrix { middle.matrix(rows: t, columns: h) }
        func feedForwardInverse(_ t: Int) -> Matrix { feedForwardInverse.matrix(rows: t, columns: 1) }
        func gateUp(_ t: Int, _ n: Int) -> Matrix { gateUp.matrix(rows: t, columns: n) }
        func projection(_ group: ProjectionGroup, _ t: Int, _ r: Int) -> Matrix {
            projections[group.rawValue].matrix(rows: t, columns: r)
        }
        func input(_ group: ProjectionGroup, _ t: Int, _ n: Int) -> Matrix {
            inputs[group.rawValue].matrix(rows: t, columns: n)
        }
    }

    /// Owned memory that grows to the largest requested matrix.
    struct GrowingMatrix {
        private var buffer: FloatBuffer?

        mutating func matrix(rows: Int, columns: Int) -> Matrix {
            if let buffer, buffer.count >= rows * columns { return buffer.matrix(rows: rows, columns: columns) }
            let grown = FloatBuffer(count: rows * columns)
            buffer = grown
            return grown.matrix(rows: rows, columns: columns)
        }
    }

    let layers: [Layer]
    private var final = GrowingMatrix()
    private var finalScale = GrowingMatrix()

    package init(_ model: ModelConfiguration) {
        layers = (0..<model.layerCount).map { _ in Layer() }
    }

    func finalResidual(_ s: Int, _ h: Int) -> Matrix { final.matrix(rows: s, columns: h) }
    func finalInverse(_ s: Int) -> Matrix { finalScale.matrix(rows: s, columns: 1) }
}
