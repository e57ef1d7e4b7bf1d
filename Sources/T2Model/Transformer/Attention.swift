import Algorithms
import CKernels
import T2Core
import T2Numerics

/// Causal grouped-query attention over packed sequences, in layers with a window over its last positions, and its
/// gradient.
///
/// Shape letters: T tokens, L tokens of one segment, P positions (its prefix's, then its own), D head size.
struct Attention {
    let c: ModelConfiguration
    let workspace: Workspace
    /// The number of query rows computed together, which limits the scores in memory to blockRows × P.
    private let blockRows = 128

    /// The largest number of positions that a token attends to, itself included.
    private func window(_ layer: Int) -> Int { c.architecture.window(layer) ?? .max }

    private var scale: Float { 1 / Float(c.headSize).squareRoot() }
    private var group: Int { c.headCount / c.keyValueHeadCount }

    private func query(_ qkv: Matrix, _ head: Int) -> Matrix {
        qkv.columns(head * c.headSize..<(head + 1) * c.headSize)
    }
    private func key(_ qkv: Matrix, _ head: Int) -> Matrix { query(qkv, c.headCount + head / group) }
    private func value(_ qkv: Matrix, _ head: Int) -> Matrix {
        query(qkv, c.headCount + c.keyValueHeadCount + head / group)
    }

    /// o = softmax(q kᵀ/√D) v for every sequence and head, over the positions that the layer's window includes.
    ///
    /// - Shapes: qkv [T, (heads + 2·kv)·D], rotated; output [T, heads·D].
    func forward(_ batch: TokenBatch, layer: Int, _ qkv: Matrix, cache: KVCache?, into output: Matrix) {
        let window = window(layer)
        for segment in batch.segments {
            let position = Int(batch.positions[segment.start])
            if let cache, let slot = segment.slot {
                let keys = c.querySize..<c.querySize + c.keyValueSize
                let values = keys.upperBound..<keys.upperBound + c.keyValueSize
                cache.store(
                    layer: layer, slot: slot, position: position, k: qkv.rows(segment.rows).columns(keys),
                    v: qkv.rows(segment.rows).columns(values))
                if segment.count == 1 {
                    let scores = workspace.matrix(.scores, rows: 1, columns: cache.capacity)
                    t2_attend_cached(
                        qkv.row(segment.start), cache.keys(layer: layer, slot: slot),
                        cache.values(layer: layer, slot: slot), output.row(segment.start), scores.pointer, c.headCount,
                        c.keyValueHeadCount, c.headSize, position + 1, window, cache.capacity, scale)
                    continue
                }
            }
            precondition(position == segment.prefix.count, "a sequence is continued one token at a time")
            attend(segment, window, qkv, into: output.rows(segment.rows))
        }
    }

    private func attend(_ segment: TokenBatch.Segment, _ window: Int, _ qkv: Matrix, into output: Matrix) {
        for shared in 0..<c.keyValueHeadCount {
            let keys_DP = transposedContext(segment, key(qkv, shared * group), into: .keysTransposed)
            let values_PD = context(segment, value(qkv, shared * group), into: .values)
            for head in shared * group..<(shared + 1) * group {
                for block in (0..<segment.count).chunks(ofCount: blockRows) {
                    let reach = reach(segment, window, block)
                    let scores = probabilities(segment, window, query(qkv, head), block, keys_DP.columns(reach))
                    MatrixMultiply.multiply(scores, values_PD.rows(reach), into: query(output, head).rows(block))
                }
            }
        }
    }

    /// The rows of one head that a segment's tokens attend to: those of its prefix, then its own, [P, D].
    private func context(_ segment: TokenBatch.Segment, _ x_TD: Matrix, into area: Workspace.Area) -> Matrix {
        if segment.prefix.isEmpty { return x_TD.rows(segment.rows) }
        let prefix = segment.prefix.count
        let output = workspace.matrix(area, rows: prefix + segment.count, columns: x_TD.columns)
        output.rows(0..<prefix).copy(from: x_TD.rows(segment.prefix))
        output.rows(prefix..<output.rows).copy(from: x_TD.rows(segment.rows))
        return output
    }

    /// The transposed context, [D, P]: OpenBLAS multiplies small matrices twice as fast if neither is transposed.
    private func transposedContext(_ segment: TokenBatch.Segment, _ x_TD: Matrix, into area: Workspace.Area) -> Matrix {
        let prefix = segment.prefix.count
        let output = workspace.matrix(area, rows: x_TD.columns, columns: prefix + segment.count)
        for (start, rows) in [(0, segment.prefix), (prefix, segment.rows)] {
            t2_transpose(
                x_TD.rows(rows).pointer, output.pointer + start, rows.count, x_TD.columns, x_TD.stride, output.stride)
        }
        return output
    }

    /// Scratch for one number per query row and position; its stride is a multiple of 16 floats.
    private func square(_ area: Workspace.Area, rows: Int, columns: Int) -> Matrix {
        workspace.matrix(area, rows: rows, columns: (columns + 15) / 16 * 16).columns(0..<columns)
    }

    /// The positions that a block of a segment's query rows attends to: from the first row's window to the last row.
    private func reach(_ segment: TokenBatch.Segment, _ window: Int, _ block: Range<Int>) -> Range<Int> {
        let before = segment.prefix.count
        return max(0, before + block.lowerBound + 1 - window)..<before + block.upperBound
    }

    /// The attention weights of a block of a segment's query rows over the keys of its reach, [rows, reach].
    private func probabilities(
        _ segment: TokenBatch.Segment, _ window: Int, _ query_TD: Matrix, _ block: Range<Int>, _ keys_DP: Matrix
    ) -> Matrix {
        let scores = square(.probabilities, rows: block.count, columns: keys_DP.columns)
        MatrixMultiply.multiply(query_TD.rows(segment.rows).rows(block), keys_DP, into: scores)
        t2_causal_softmax(
            scores.pointer, scores.rows, scores.columns, scores.columns - block.count + 1, window, scores.stride, scale)
        return scores
    }

    /// The gradient with respect to q, k and v, given that of the output; attention weights are recomputed, not stored.
    ///
    /// - Shapes: qkv and deltaQKV [T, (heads + 2·kv)·D], deltaOutput [T, heads·D].
    func backward(_ batch: TokenBatch, layer: Int, _ qkv: Matrix, deltaOutput: Matrix, into deltaQKV: Matrix) {
        deltaQKV.fillWithZeros()
        let window = window(layer)
        for segment in batch.segments {
            for shared in 0..<c.keyValueHeadCount {
                backward(segment, window, qkv, shared, deltaOutput: deltaOutput.rows(segment.rows), into: deltaQKV)
            }
        }
    }

    /// The part of one key-value head and the query heads that share it.
    private func backward(
        _ segment: TokenBatch.Segment, _ window: Int, _ x: Matrix, _ shared: Int, deltaOutput dy: Matrix,
        into dx: Matrix
    ) {
        let keys_PD = context(segment, key(x, shared * group), into: .keys)
        let keys_DP = transposedContext(segment, key(x, shared * group), into: .keysTransposed)
        let values_DP = transposedContext(segment, value(x, shared * group), into: .valuesTransposed)
        let dK = deltaContext(segment, key(dx, shared * group), .deltaKeys)
        let dV = deltaContext(segment, value(dx, shared * group), .deltaValues)
        for head in shared * group..<(shared + 1) * group {
            for block in (0..<segment.count).chunks(ofCount: blockRows) {
                let past = reach(segment, window, block)
                let p = probabilities(segment, window, query(x, head), block, keys_DP.columns(past))
                let dO = query(dy, head).rows(block)
                let dP = square(.scores, rows: p.rows, columns: p.columns)
                MatrixMultiply.multiplyTransposedLeft(p, dO, into: dV.rows(past), accumulate: true)
                MatrixMultiply.multiply(dO, values_DP.columns(past), into: dP)
                t2_softmax_backward(p.pointer, dP.pointer, dP.rows, dP.columns, dP.stride, scale)
                MatrixMultiply.multiply(dP, keys_PD.rows(past), into: query(dx, head).rows(segment.rows).rows(block))
                MatrixMultiply.multiplyTransposedLeft(
                    dP, query(x, head).rows(segment.rows).rows(block), into: dK.rows(past), accumulate: true)
            }
        }
        addDeltaContext(dK, segment, to: key(dx, shared * group))
        addDeltaContext(dV, segment, to: value(dx, shared * group))
    }

    /// The sum of the gradient with respect to a context, [P, D]; without a prefix, the segment's own rows.
    private func deltaContext(_ segment: TokenBatch.Segment, _ dx_TD: Matrix, _ area: Workspace.Area) -> Matrix {
        if segment.prefix.isEmpty { return dx_TD.rows(segment.rows) }
        let sum = workspace.matrix(area, rows: segment.prefix.count + segment.count, columns: dx_TD.columns)
        sum.fillWithZeros()
        return sum
    }

    private func addDeltaContext(_ sum_PD: Matrix, _ segment: TokenBatch.Segment, to dx_TD: Matrix) {
        if segment.prefix.isEmpty { return }
        let prefix = segment.prefix.count
        dx_TD.rows(segment.prefix).add(sum_PD.rows(0..<prefix))
        dx_TD.rows(segment.rows).add(sum_PD.rows(prefix..<sum_PD.rows))
    }
}
