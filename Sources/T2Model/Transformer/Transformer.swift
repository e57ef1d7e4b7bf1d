import CKernels
import T2Core
import T2Numerics

/// The Llama forward pass over packed tokens: one implementation for prefill, decoding, scoring and training.
///
/// One object per lane: it owns the scratch memory and is used by one thread at a time.
/// Shape letters: T tokens of the batch, S output rows, H hidden size.
package final class Transformer {
    package let model: BaseModel
    let workspace = Workspace()
    let attention: Attention
    private var compactExperts: [Int32] = []

    /// Receives this lane's times if it is set; nil costs nothing.
    package var partTimes: PartTimes? {
        get { workspace.partTimes }
        set { workspace.partTimes = newValue }
    }

    /// Called after each layer, forward and backward, and after each block of the head's rows, to show progress in a
    /// pass of minutes.
    package var onLayer: () -> Void = {}

    package init(_ model: BaseModel) {
        self.model = model
        attention = Attention(model.configuration, workspace: workspace)
    }

    /// The normed hidden states of the batch's output rows, [S, H]; valid until the next call.
    ///
    /// - Parameters:
    ///   - cache: receives keys and values of segments that have a slot, and provides those of their earlier tokens.
    ///   - tape: receives the values that `TransformerBackward` needs.
    package func forward(
        _ batch: TokenBatch, _ execution: Execution, cache: KVCache? = nil, tape: ActivationTape? = nil
    ) -> Matrix {
        let c = model.configuration
        let t = batch.count
        let s = batch.outputs.count
        var x = workspace.matrix(.residual, rows: t, columns: c.hiddenSize)
        workspace.measure(.rows) { embed(batch.tokens, into: x) }
        compactExperts.removeAll(keepingCapacity: true)
        for row in batch.outputs { compactExperts.append(batch.experts[Int(row)]) }
        for layer in 0..<c.layerCount {
            let kept = tape?.layers[layer]
            let attended = attend(batch, execution, layer: layer, x, cache: cache, tape: kept)
            // Only the output rows are needed after the last attention.
            let isCompact = layer == c.layerCount - 1 && batch.isSelective
            let rows = isCompact ? s : t
            if isCompact { x = gather(x, batch.outputs, into: .compactResidual) }
            let input = isCompact ? gather(attended, batch.outputs, into: .compactAttended) : attended
            project(
                layer, .output, execution, experts: isCompact ? compactExperts : batch.experts, input, into: x,
                accumulate: true, kept)
            feedForward(layer, execution, experts: isCompact ? compactExperts : batch.experts, x, rows: rows, kept)
            onLayer()
        }
        let hidden = workspace.matrix(.hidden, rows: s, columns: c.hiddenSize)
        tape?.finalResidual(s, c.hiddenSize).copy(from: x)
        norm(x, model.finalNorm, into: hidden, inverse: tape?.finalInverse(s))
        return hidden
    }

    /// Logits of hidden states: [S, H] → [S, V], before any temperature.
    package func logits(_ hidden: Matrix, into output: Matrix) {
        let c = model.configuration
        workspace.measure(.head) {
            MatrixMultiply.multiply(
                hidden, model.headTransposed.matrix(rows: c.hiddenSize, columns: c.vocabularySize), into: output)
        }
    }

    /// Logits in the lane's own scratch memory; valid until the next call.
    package func logits(_ hidden: Matrix) -> Matrix {
        let output = workspace.matrix(.logits, rows: hidden.rows, columns: model.configuration.vocabularySize)
        logits(hidden, into: output)
        return output
    }

    private func embed(_ tokens: [Int32], into x: Matrix) {
        for (row, token) in tokens.enumerated() {
            x.row(row).update(from: model.embedding.pointer + Int(token) * x.columns, count: x.columns)
        }
    }

    func gather(_ x: Matrix, _ rows: [Int32], into area: Workspace.Area) -> Matrix {
        let output = workspace.matrix(area, rows: rows.count, columns: x.columns)
        for (target, source) in rows.enumerated() {
            output.row(target).update(from: x.row(Int(source)), count: x.columns)
        }
        return output
    }

    private func attend(
        _ batch: TokenBatch, _ execution: Execution, layer: Int, _ x: Matrix, cache: KVCache?,
        tape: ActivationTape.Layer?
    ) -> Matrix {
        let c = model.configuration
        let normed = workspace.matrix(.normed, rows: x.rows, columns: c.hiddenSize)
        tape?.residual(x.rows, c.hiddenSize).copy(from: x)
        norm(x, model.attentionNorms[layer], into: normed, inverse: tape?.attentionInverse(x.rows))
        let width = ProjectionGroup.queryKeyValue.outputSize(c)
        let qkv =
            tape?.queryKeyValue(x.rows, width) ?? workspace.matrix(.queryKeyValue, rows: x.rows, columns: width)
        project(layer, .queryKeyValue, execution, experts: batch.experts, normed, into: qkv, accumulate: false, tape)
        workspace.measure(.rows) {
            // Queries and keys are adjacent columns, rotated alike.
            batch.positions.withUnsafeBufferPointer {
                model.rotary.rotate(qkv, positions: $0.baseAddress!, heads: c.headCount + c.keyValueHeadCount)
            }
        }
        let attended = workspace.matrix(.attended, rows: x.rows, columns: c.querySize)
        workspace.measure(.attention) { attention.forward(batch, layer: layer, qkv, cache: cache, into: attended) }
        return attended
    }

    private func feedForward(
        _ layer: Int, _ execution: Execution, experts: [Int32], _ x: Matrix, rows: Int, _ tape: ActivationTape.Layer?
    ) {
        let c = model.configuration
        let normed = workspace.matrix(.normed, rows: rows, columns: c.hiddenSize)
        tape?.middle(rows, c.hiddenSize).copy(from: x)
        norm(x, model.feedForwardNorms[layer], into: normed, inverse: tape?.feedForwardInverse(rows))
        let width = 2 * c.intermediateSize
        let gateUp = tape?.gateUp(rows, width) ?? workspace.matrix(.gateUp, rows: rows, columns: width)
        project(layer, .gateUp, execution, experts: experts, normed, into: gateUp, accumulate: false, tape)
        let activated = workspace.matrix(.activated, rows: rows, columns: c.intermediateSize)
        workspace.measure(.rows) { t2_silu_multiply(gateUp.pointer, activated.pointer, rows, c.intermediateSize) }
        project(layer, .down, execution, experts: experts, activated, into: x, accumulate: true, tape)
    }

    private func norm(_ x: Matrix, _ weight: FloatBuffer, into y: Matrix, inverse: Matrix?) {
        workspace.measure(.rows) {
            t2_rms_norm(
                x.pointer, weight.pointer, y.pointer, inverse?.pointer, x.rows, x.columns,
                model.configuration.normEpsilon)
        }
    }

    /// y = W′x for one projection group, in the form that `execution` selects.
    private func project(
        _ layer: Int, _ group: ProjectionGroup, _ execution: Execution, experts: [Int32], _ x: Matrix, into y: Matrix,
        accumulate: Bool, _ tape: ActivationTape.Layer?
    ) {
        workspace.measure(.projections) {
            multiply(layer, group, execution, experts: experts, x, into: y, accumulate: accumulate, tape)
        }
    }

    private func multiply(
        _ layer: Int, _ group: ProjectionGroup, _ execution: Execution, experts: [Int32], _ x: Matrix, into y: Matrix,
        accumulate: Bool, _ tape: ActivationTape.Layer?
    ) {
        switch execution {
        case .merged(let weights):
            MatrixMultiply.multiply(x, weights.matrix(layer, group), into: y, accumulate: accumulate)
        case .factored(let svf, let table):
            guard let factor = svf.factor(layer, group) else {
                return MatrixMultiply.multiply(x, model.weights.matrix(layer, group), into: y, accumulate: accumulate)
            }
            let a =
                tape?.projection(group, x.rows, factor.rank)
                ?? workspace.matrix(.rank, rows: x.rows, columns: factor.rank)
            let scaled = workspace.matrix(.scaledRank, rows: x.rows, columns: factor.rank)
            experts.withUnsafeBufferPointer {
                factor.multiply(
                    x, scales: table.buffer.pointer + svf.start(layer, group), stride: table.stride,
                    experts: $0.baseAddress, a: a, s: scaled, into: y, accumulate: accumulate)
            }
        case .lowRank(let weights):
            MatrixMultiply.multiply(x, model.weights.matrix(layer, group), into: y, accumulate: accumulate)
            guard let weight = weights.weight(layer, group) else { return }
            tape?.input(group, x.rows, x.columns).copy(from: x)
            let h =
                tape?.projection(group, x.rows, weight.rank)
                ?? workspace.matrix(.rank, rows: x.rows, columns: weight.rank)
            weight.add(x, h: h, into: y)
        }
    }
}

extension Matrix {
    /// Copies the elements of a matrix of the same shape; both must be dense.
    func copy(from source: Matrix) {
        precondition(rows == source.rows && columns == source.columns && stride == columns && source.stride == columns)
        pointer.update(from: source.pointer, count: rows * columns)
    }

    /// Adds the elements of a matrix of the same shape.
    func add(_ other: Matrix) {
        precondition(rows == other.rows && columns == other.columns)
        for row in 0..<rows { t2_add(self.row(row), other.row(row), columns) }
    }
}
