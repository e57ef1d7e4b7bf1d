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
            project(layer, .output, kept, delta, sums: sums, into: deltaAttended) {
                attended(layer, kept, rows: delta.rows)
            }
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
        let gateUp = values(&tape.gateUp, rows, 2 * c.intermediateSize, .gateUp)
        let deltaActivated = workspace.matrix(.deltaActivated, rows: rows, columns: c.intermediateSize)
        project(layer, .down, tape, delta, sums: sums, into: deltaActivated) {
            let activated = workspace.matrix(.activated, rows: rows, columns: c.intermediateSize)
            transformer.activate(gateUp, into: activated)
            return activated
        }
        transformer.measure(.rows) {
            transformer.forRows(of: gateUp) {
                t2_silu_multiply_backward(
                    gateUp.row($0.lowerBound), deltaActivated.row($0.lowerBound), $0.count, c.intermediateSize)
            }
        }
        let deltaNormed = workspace.matrix(.deltaNormed, rows: rows, columns: c.hiddenSize)
        let (middle, norm) = (
            values(&tape.middle, rows, c.hiddenSize, .residual), transformer.model.feedForwardNorms[layer]
        )
        project(layer, .gateUp, tape, gateUp, sums: sums, into: deltaNormed) { normed(middle, norm) }
        t2_rms_norm_backward(
            deltaNormed.pointer, middle.pointer, norm.pointer, tape.feedForwardInverse.matrix(rows, 1).pointer,
            delta.pointer, rows, c.hiddenSize)
    }

    private func attention(
        _ layer: Int, _ tape: ActivationTape.Layer, _ deltaAttended: Matrix, _ delta: Matrix,
        sums: UnsafeMutablePointer<Float>
    ) {
        let width = ProjectionGroup.queryKeyValue.outputSize(c)
        let qkv = values(&tape.queryKeyValue, batch.count, width, .queryKeyValue)
        let deltaQKV = workspace.matrix(.deltaQueryKeyValue, rows: batch.count, columns: width)
        transformer.measure(.attention) {
            transformer.attention.backward(
                batch, layer: layer, qkv, deltaOutput: deltaAttended, into: deltaQKV)
        }
        transformer.measure(.rows) { throughHeads(layer, tape, batch, deltaQKV) }
        // Nothing below the first layer is trained.
        let deltaNormed = layer > 0 ? workspace.matrix(.deltaNormed, rows: batch.count, columns: c.hiddenSize) : nil
        let residual = values(&tape.residual, batch.count, c.hiddenSize, .residual)
        let norm = transformer.model.attentionNorms[layer]
        project(layer, .queryKeyValue, tape, deltaQKV, sums: sums, into: deltaNormed) { normed(residual, norm) }
        guard let deltaNormed else { return }
        t2_rms_norm_backward(
            deltaNormed.pointer, residual.pointer, norm.pointer, tape.attentionInverse.matrix(batch.count, 1).pointer,
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
        let unnormed = values(&tape.unnormedHeads, batch.count, heads * c.headSize, .unnormedHeads)
        t2_norm_heads_backward(
            deltaQKV.pointer, unnormed.pointer, transformer.model.headNorms[layer].pointer,
            tape.headInverse.matrix(batch.count, heads).pointer, batch.count, heads, c.headSize, deltaQKV.stride)
    }

    /// The transpose of `Transformer.project`, and the gradient of the group's part of the vector.
    ///
    /// - Parameter input: the product's input x in the forward pass, computed again from the tape; asked for only if it is needed.
    private func project(
        _ layer: Int, _ group: ProjectionGroup, _ tape: ActivationTape.Layer, _ delta: Matrix,
        sums: UnsafeMutablePointer<Float>, into deltaInput: Matrix?, input: () -> Matrix
    ) {
        let x = execution.needsInputs ? input() : nil
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

    private func values(_ kept: inout KeptMatrix, _ rows: Int, _ columns: Int, _ area: Workspace.Area) -> Matrix {
        kept.values(
            rows, columns, workspace.matrix(area, rows: rows, columns: columns), on: transformer.products.team)
    }

    private func normed(_ residual: Matrix, _ norm: FloatBuffer) -> Matrix {
        let normed = workspace.matrix(.normed, rows: residual.rows, columns: residual.columns)
        transformer.norm(residual, norm, into: normed)
        return normed
    }

    private func multiplyByBase(_ layer: Int, _ group: ProjectionGroup, _ delta: Matrix, into deltaInput: Matrix?) {
        guard let deltaInput else { return }
        transformer.model.weights.multiplyTransposed(delta, layer, group, into: deltaInput, transformer.products)
    }

    /// The rows of the attention's output that the output projection read.
    private func attended(_ layer: Int, _ tape: ActivationTape.Layer, rows: Int) -> Matrix {
        let all = values(&tape.attended, batch.count, c.querySize, .attended)
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
