import CKernels
import T2Core
import T2Numerics

/// The forward pass over packed tokens: one implementation for prefill, decoding, scoring and training.
///
/// One object per lane: it owns the scratch memory and is used by one thread at a time.
/// Shape letters: T tokens of the batch, S output rows, H hidden size.
package final class Transformer {
    package let model: BaseModel
    /// The number of rows whose logits are in memory at once.
    static let rowsPerHead = 128
    let workspace = Workspace()
    let attention: Attention
    /// The lane's threads, and its products.
    package let products: LaneProducts
    private var compactExperts: [Int32] = []
    private var c: ModelConfiguration { model.configuration }

    /// Receives this lane's times if it is set; nil costs nothing.
    package var partTimes: PartTimes?

    /// Called after each layer, forward and backward, and after each block of the head's rows, to show progress in a
    /// pass of minutes.
    package var onLayer: () -> Void = {}

    /// - Parameter team: the threads of this lane; with weights in float32, products use only the first.
    package init(_ model: BaseModel, _ team: ThreadTeam = .alone) {
        self.model = model
        products = LaneProducts(team)
        attention = Attention(model.configuration, team)
    }

    /// The normed hidden states of the batch's output rows, [S, H]; valid until the next call.
    ///
    /// - Parameters:
    ///   - cache: receives keys and values of segments that have a slot, and provides those of their earlier tokens.
    ///   - tape: receives the values that `TransformerBackward` needs.
    package func forward(
        _ batch: TokenBatch, _ execution: Execution, cache: KVCache? = nil, tape: ActivationTape? = nil
    ) -> Matrix {
        let s = batch.outputs.count
        var x = workspace.matrix(.residual, rows: batch.count, columns: c.hiddenSize)
        measure(.rows) {
            for (row, token) in batch.tokens.enumerated() { model.embedding.copy(Int(token), to: x.row(row)) }
        }
        compactExperts.removeAll(keepingCapacity: true)
        for row in batch.outputs { compactExperts.append(batch.experts[Int(row)]) }
        for layer in 0..<c.layerCount {
            let kept = tape?.layers[layer]
            let attended = attend(batch, execution, layer: layer, x, cache: cache, tape: kept)
            // Only the output rows are needed after the last attention.
            let isCompact = layer == c.layerCount - 1 && batch.isSelective
            if isCompact { x = gather(x, batch.outputs, into: .compactResidual) }
            let input = isCompact ? gather(attended, batch.outputs, into: .compactAttended) : attended
            let experts = isCompact ? compactExperts : batch.experts
            project(layer, .output, execution, experts, input, into: x, accumulate: true, kept)
            addBias(layer, .output, to: x)
            feedForward(layer, execution, experts, x, kept)
            onLayer()
        }
        let hidden = workspace.matrix(.hidden, rows: s, columns: c.hiddenSize)
        tape?.finalResidual.matrix(s, c.hiddenSize).copy(from: x)
        norm(x, model.finalNorm, into: hidden, inverse: tape?.finalInverse.matrix(s, 1))
        return hidden
    }

    /// Logits of hidden states in the lane's own scratch memory: [S, H] → [S, V], before any temperature; valid until
    /// the next call.
    package func logits(_ hidden: Matrix) -> Matrix { logits(hidden, in: .logits) }

    func logits(_ hidden: Matrix, in area: Workspace.Area) -> Matrix {
        let output = workspace.matrix(area, rows: hidden.rows, columns: c.vocabularySize)
        measure(.head) {
            switch model.headTransposed {
            case .float32(let head):
                MatrixMultiply.multiply(
                    hidden, head.matrix(rows: c.hiddenSize, columns: c.vocabularySize), into: output)
            case .bfloat16(let head): products.multiply(hidden, head, into: output)
            }
        }
        return output
    }

    /// The gradient with respect to hidden states, given that of their logits: δ·E for the head's weight E.
    ///
    /// - Shapes: deltaLogits [S, V], deltaHidden [S, H].
    func multiplyByHead(_ deltaLogits: Matrix, into deltaHidden: Matrix) {
        switch model.head {
        case .float32(let head, let rows, let columns):
            MatrixMultiply.multiply(deltaLogits, head.matrix(rows: rows, columns: columns), into: deltaHidden)
        case .bfloat16(let head): products.multiply(deltaLogits, packing: head, into: deltaHidden)
        }
    }

    /// Calls `body` on the lane's threads with their parts of the rows.
    func forRows(of x: Matrix, _ body: (Range<Int>) -> Void) {
        // Fewer values are not worth the threads.
        if x.rows * x.columns < 1 << 13 { body(0..<x.rows) } else { products.team.split(x.rows) { body($1) } }
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
        let normed = workspace.matrix(.normed, rows: x.rows, columns: c.hiddenSize)
        tape?.residual.keep(x, on: products.team)
        norm(x, model.attentionNorms[layer], into: normed, inverse: tape?.attentionInverse.matrix(x.rows, 1))
        let width = ProjectionGroup.queryKeyValue.outputSize(c)
        let qkv = target(tape, \.queryKeyValue, .queryKeyValue, x.rows, width)
        project(layer, .queryKeyValue, execution, batch.experts, normed, into: qkv, tape)
        addBias(layer, .queryKeyValue, to: qkv)
        normHeads(layer, qkv, tape)
        measure(.rows) {
            if c.architecture.unrotatedLayers.contains(layer) { return }
            // Queries and keys are adjacent columns, rotated alike.
            batch.positions.withUnsafeBufferPointer { positions in
                forRows(of: qkv) { rows in
                    model.rotary.rotate(
                        qkv.rows(rows), positions: positions.baseAddress! + rows.lowerBound,
                        heads: c.headCount + c.keyValueHeadCount)
                }
            }
        }
        tape?.queryKeyValue.keep(qkv, on: products.team)
        let inputs = execution.needsInputs ? tape : nil
        let attended = target(inputs, \.attended, .attended, x.rows, c.querySize)
        measure(.attention) { attention.forward(batch, layer: layer, qkv, cache: cache, into: attended) }
        inputs?.attended.keep(attended, on: products.team)
        return attended
    }

    /// Where values that the tape keeps are computed.
    private func target(
        _ tape: ActivationTape.Layer?, _ kept: ReferenceWritableKeyPath<ActivationTape.Layer, KeptMatrix>,
        _ area: Workspace.Area, _ rows: Int, _ columns: Int
    ) -> Matrix {
        tape?[keyPath: kept].target(rows, columns, workspace.matrix(area, rows: rows, columns: columns))
            ?? workspace.matrix(area, rows: rows, columns: columns)
    }

    private func feedForward(
        _ layer: Int, _ execution: Execution, _ experts: [Int32], _ x: Matrix, _ tape: ActivationTape.Layer?
    ) {
        let normed = workspace.matrix(.normed, rows: x.rows, columns: c.hiddenSize)
        tape?.middle.keep(x, on: products.team)
        norm(x, model.feedForwardNorms[layer], into: normed, inverse: tape?.feedForwardInverse.matrix(x.rows, 1))
        let width = 2 * c.intermediateSize
        let gateUp = target(tape, \.gateUp, .gateUp, x.rows, width)
        project(layer, .gateUp, execution, experts, normed, into: gateUp, tape)
        addBias(layer, .gateUp, to: gateUp)
        tape?.gateUp.keep(gateUp, on: products.team)
        let activated = workspace.matrix(.activated, rows: x.rows, columns: c.intermediateSize)
        measure(.rows) { activate(gateUp, into: activated) }
        project(layer, .down, execution, experts, activated, into: x, accumulate: true, tape)
        addBias(layer, .down, to: x)
    }

    private func addBias(_ layer: Int, _ group: ProjectionGroup, to y: Matrix) {
        guard let bias = model.biases[layer, group] else { return }
        measure(.rows) { t2_add_to_rows(y.pointer, bias.pointer, y.rows, y.columns, y.stride) }
    }

    /// Norms each head of the queries and keys, where the model does that.
    private func normHeads(_ layer: Int, _ qkv: Matrix, _ tape: ActivationTape.Layer?) {
        guard c.architecture.hasHeadNorms else { return }
        let heads = c.headCount + c.keyValueHeadCount
        measure(.rows) {
            let width = heads * c.headSize
            tape?.unnormedHeads.keep(qkv.columns(0..<width), on: products.team)
            t2_norm_heads(
                qkv.pointer, model.headNorms[layer].pointer, tape?.headInverse.matrix(qkv.rows, heads).pointer,
                qkv.rows,
                heads, c.headSize, qkv.stride, c.normEpsilon)
        }
    }

    /// silu(gate) ⊙ up.
    func activate(_ gateUp: Matrix, into activated: Matrix) {
        forRows(of: gateUp) { rows in
            t2_silu_multiply(
                gateUp.row(rows.lowerBound), activated.row(rows.lowerBound), rows.count, c.intermediateSize)
        }
    }

    func norm(_ x: Matrix, _ weight: FloatBuffer, into y: Matrix, inverse: Matrix? = nil) {
        measure(.rows) {
            forRows(of: x) { rows in
                t2_rms_norm(
                    x.row(rows.lowerBound), weight.pointer, y.row(rows.lowerBound),
                    inverse.map { $0.row(rows.lowerBound) }, rows.count, x.columns, c.normEpsilon)
            }
        }
    }

    /// y = W′x for one projection group, in the form that `execution` selects.
    private func project(
        _ layer: Int, _ group: ProjectionGroup, _ execution: Execution, _ experts: [Int32], _ x: Matrix, into y: Matrix,
        accumulate: Bool = false, _ tape: ActivationTape.Layer?
    ) {
        /// Vᵀx or Ax, which the tape keeps.
        func projection(rank: Int) -> Matrix {
            tape?.projections[group.rawValue].matrix(x.rows, rank)
                ?? workspace.matrix(.rank, rows: x.rows, columns: rank)
        }
        measure(.projections) {
            switch execution {
            case .merged(let weights), .differentiable(let weights, _, _):
                weights.multiply(x, layer, group, into: y, accumulate: accumulate, products)
            case .factored(let svf, let table):
                guard let (shape, factors) = svf.factors[layer, group] else {
                    return model.weights.multiply(x, layer, group, into: y, accumulate: accumulate, products)
                }
                let scales = table.buffer.pointer + shape.start
                let a = projection(rank: shape.rank)
                let scaled = workspace.matrix(.scaledRank, rows: x.rows, columns: shape.rank)
                experts.withUnsafeBufferPointer { experts in
                    switch factors {
                    case .float32(let factor):
                        factor.multiply(
                            x, scales: scales, stride: table.stride, experts: experts.baseAddress, a: a, s: scaled,
                            into: y, accumulate: accumulate)
                    case .bfloat16:
                        model.weights.multiply(x, layer, group, into: y, accumulate: accumulate, products)
                        svf.packedFactors(layer, group)?
                            .add(
                                x, scales: scales, stride: table.stride, experts: experts.baseAddress!, a: a,
                                s: scaled, into: y, products)
                    }
                }
            case .lowRank(let weights):
                model.weights.multiply(x, layer, group, into: y, accumulate: accumulate, products)
                guard let weight = weights[layer, group] else { return }
                weight.add(x, h: projection(rank: weight.rank), into: y, products)
            }
        }
    }
}

extension Matrix {
    /// Copies the elements of a matrix of the same shape.
    func copy(from source: Matrix) {
        precondition(rows == source.rows && columns == source.columns)
        for row in 0..<rows { self.row(row).update(from: source.row(row), count: columns) }
    }

    /// Adds the elements of a matrix of the same shape.
    func add(_ other: Matrix) {
        precondition(rows == other.rows && columns == other.columns)
        for row in 0..<rows { t2_add(self.row(row), other.row(row), columns) }
    }

    /// - Precondition: the matrix is dense.
    func fillWithZeros() { pointer.update(repeating: 0, count: rows * columns) }
}
