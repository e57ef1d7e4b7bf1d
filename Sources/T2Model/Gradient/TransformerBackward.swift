import CKernels
import T2Core
import T2Numerics

/// The backward pass from hidden states to the gradient of an adapter's vector: ∂J/∂z, or LoRA's ∂J/∂A and ∂J/∂B. ∂J/∂W
/// is never formed.
struct TransformerBackward {
    let transformer: Transformer
    /// The execution of the forward pass, for one policy and not merged.
    let execution: Execution
    let batch: TokenBatch
    private var workspace: Workspace { transformer.workspace }
    private var c: ModelConfiguration { transformer.model.configuration }

    /// Adds every adapted weight's part to `sums`: Σ_t a ⊙ b, which `Adapter.finishGradient` turns into ∂J/∂z, or
    /// LoRA's ∂J/∂A and ∂J/∂B.
    ///
    /// - Shapes: deltaHidden [S, H], the gradient with respect to `forward`'s result; sums flat in the layout's order.
    func run(_ tape: ActivationTape, deltaHidden: Matrix, sums: UnsafeMutablePointer<Float>) {
        let (t, s, h) = (batch.count, batch.outputs.count, c.hiddenSize)
        let isCompact = batch.isSelective
        var delta = workspace.matrix(isCompact ? .deltaCompact : .deltaResidual, rows: s, columns: h)
        delta.fillWithZeros()
        t2_rms_norm_backward(
            deltaHidden.pointer, tape.finalResidual.matrix(s, h).pointer, transformer.model.finalNorm.pointer,
            tape.finalInverse.matrix(s, 1).pointer, delta.pointer, s, h)
        for layer in (0..<c.layerCount).reversed() {
            let kept = tape.layers[layer]
            feedForward(layer, kept, delta, sums: sums)
            var deltaAttended = workspace.matrix(.deltaAttended, rows: delta.rows, columns: c.querySize)
            project(layer, .output, kept, delta, sums: sums, into: deltaAttended)
            if isCompact && layer == c.layerCount - 1 {
                deltaAttended = scatter(deltaAttended, batch.outputs, rows: t, into: .attended)
                delta = scatter(delta, batch.outputs, rows: t, into: .deltaResidual)
            }
            attention(layer, kept, deltaAttended, delta, sums: sums)
            transformer.onLayer()
        }
    }

    private func feedForward(
        _ layer: Int, _ tape: ActivationTape.Layer, _ delta: Matrix, sums: UnsafeMutablePointer<Float>
    ) {
        let rows = delta.rows
        let deltaActivated = workspace.matrix(.deltaActivated, rows: rows, columns: c.intermediateSize)
        project(layer, .down, tape, delta, sums: sums, into: deltaActivated)
        let gateUp = tape.gateUp.matrix(rows, 2 * c.intermediateSize)
        transformer.measure(.rows) {
            transformer.forRows(of: gateUp) {
                t2_silu_multiply_backward(
                    gateUp.row($0.lowerBound), deltaActivated.row($0.lowerBound), $0.count, c.intermediateSize)
            }
        }
        let deltaNormed = workspace.matrix(.deltaNormed, rows: rows, columns: c.hiddenSize)
        project(layer, .gateUp, tape, gateUp, sums: sums, into: deltaNormed)
        t2_rms_norm_backward(
            deltaNormed.pointer, tape.middle.matrix(rows, c.hiddenSize).pointer,
            transformer.model.feedForwardNorms[layer].pointer,
            tape.feedForwardInverse.matrix(rows, 1).pointer, delta.pointer, rows, c.hiddenSize)
    }

    private func attention(
        _ layer: Int, _ tape: ActivationTape.Layer, _ deltaAttended: Matrix, _ delta: Matrix,
        sums: UnsafeMutablePointer<Float>
    ) {
        let width = ProjectionGroup.queryKeyValue.outputSize(c)
        let deltaQKV = workspace.matrix(.deltaQueryKeyValue, rows: batch.count, columns: width)
        transformer.measure(.attention) {
            transformer.attention.backward(
                batch, layer: layer, tape.queryKeyValue.matrix(batch.count, width), deltaOutput: deltaAttended,
                into: deltaQKV)
        }
        transformer.measure(.rows) { throughHeads(layer, tape, batch, deltaQKV) }
        guard layer > 0 else {
            // Nothing below the first layer is trained.
            return project(layer, .queryKeyValue, tape, deltaQKV, sums: sums, into: nil)
        }
        let deltaNormed = workspace.matrix(.deltaNormed, rows: batch.count, columns: c.hiddenSize)
        project(layer, .queryKeyValue, tape, deltaQKV, sums: sums, into: deltaNormed)
        t2_rms_norm_backward(
            deltaNormed.pointer, tape.residual.matrix(batch.count, c.hiddenSize).pointer,
            transformer.model.attentionNorms[layer].pointer, tape.attentionInverse.matrix(batch.count, 1).pointer,
            delta.pointer, batch.count, c.hiddenSize)
    }

    /// From the gradient with respect to rotated queries and keys to that with respect to the products, in place.
    private func throughHeads(_ layer: Int, _ tape: ActivationTape.Layer, _ batch: TokenBatch, _ deltaQKV: Matrix) {
        let heads = c.headCount + c.keyValueHeadCount
        if !c.architecture.unrotatedLayers.contains(layer) {
            batch.positions.withUnsafeBufferPointer {
                transformer.model.rotary.rotate(deltaQKV, positions: $0.baseAddress!, heads: heads, backward: true)
            }
        }
        guard c.architecture.hasHeadNorms else { return }
        t2_norm_heads_backward(
            deltaQKV.pointer, tape.unnormedHeads.matrix(batch.count, heads * c.headSize).pointer,
            transformer.model.headNorms[layer].pointer, tape.headInverse.matrix(batch.count, heads).pointer,
            batch.count,
            heads, c.headSize, deltaQKV.stride)
    }

    /// The transpose of `Transformer.project`, and the gradient of the group's part of the vector.
    private func project(
        _ layer: Int, _ group: ProjectionGroup, _ tape: ActivationTape.Layer, _ delta: Matrix,
        sums: UnsafeMutablePointer<Float>, into deltaInput: Matrix?
    ) {
        let x = execution.needsInputs ? input(layer, group, tape, rows: delta.rows) : nil
        transformer.measure(.projections) {
            switch execution {
            case .merged: preconditionFailure("merged weights alone have no gradient")
            case .differentiable(_, let svf, let z):
                guard case (let shape, .bfloat16(let factor))? = svf.factors[layer, group], let x else {
                    return multiplyByBase(layer, group, delta, into: deltaInput)
                }
                z.values[shape.values].withUnsafeBufferPointer {
                    factor.backward(
                        delta, x: x, z: $0.baseAddress!,
                        a: workspace.matrix(.rank, rows: delta.rows, columns: shape.rank),
                        b: workspace.matrix(.deltaRank, rows: delta.rows, columns: shape.rank),
                        sums: sums + shape.start, dx: deltaInput, transformer.products)
                }
            case .factored(let svf, let table):
                guard case (let shape, .float32(let factor))? = svf.factors[layer, group] else {
                    return multiplyByBase(layer, group, delta, into: deltaInput)
                }
                factor.backward(
                    delta, scales: table.buffer.pointer + shape.start,
                    a: tape.projections[group.rawValue].matrix(delta.rows, shape.rank),
                    b: workspace.matrix(.deltaRank, rows: delta.rows, columns: shape.rank), sums: sums + shape.start,
                    dx: deltaInput)
            case .lowRank(let weights):
                multiplyByBase(layer, group, delta, into: deltaInput)
                guard let weight = weights[layer, group], let x else { return }
                weight.backward(
                    delta, x: x, h: tape.projections[group.rawValue].matrix(delta.rows, weight.rank),
                    g: workspace.matrix(.deltaRank, rows: delta.rows, columns: weight.rank), sums: sums, dx: deltaInput)
            }
        }
    }

    /// The input x of a group's product in the forward pass, computed again from the tape.
    private func input(_ layer: Int, _ group: ProjectionGroup, _ tape: ActivationTape.Layer, rows: Int) -> Matrix {
        let (model, h) = (transformer.model, c.hiddenSize)
        switch group {
        case .queryKeyValue, .gateUp:
            let normed = workspace.matrix(.normed, rows: rows, columns: h)
            let residual = group == .queryKeyValue ? tape.residual.matrix(rows, h) : tape.middle.matrix(rows, h)
            let norms = group == .queryKeyValue ? model.attentionNorms : model.feedForwardNorms
            transformer.norm(residual, norms[layer], into: normed)
            return normed
        case .output: return attended(layer, tape, rows: rows)
        case .down:
            let activated = workspace.matrix(.activated, rows: rows, columns: c.intermediateSize)
            transformer.activate(tape.gateUp.matrix(rows, 2 * c.intermediateSize), into: activated)
            return activated
        }
    }

    private func multiplyByBase(_ layer: Int, _ group: ProjectionGroup, _ delta: Matrix, into deltaInput: Matrix?) {
        guard let deltaInput else { return }
        transformer.model.weights.multiplyTransposed(delta, layer, group, into: deltaInput, transformer.products)
    }

    /// The rows of the attention's output that the output projection read.
    private func attended(_ layer: Int, _ tape: ActivationTape.Layer, rows: Int) -> Matrix {
        let all = tape.attended.matrix(batch.count, c.querySize)
        return rows == batch.count && !(batch.isSelective && layer == c.layerCount - 1)
            ? all : transformer.gather(all, batch.outputs, into: .compactAttended)
    }

    /// The transpose of `Transformer.gather`: a row that was gathered more than once receives the sum.
    private func scatter(_ x: Matrix, _ indices: [Int32], rows: Int, into area: Workspace.Area) -> Matrix {
        let output = workspace.matrix(area, rows: rows, columns: x.columns)
        output.fillWithZeros()
        for (source, target) in indices.enumerated() {
            output.rows(Int(target)..<Int(target) + 1).add(x.rows(source..<source + 1))
        }
        return output
    }
}
