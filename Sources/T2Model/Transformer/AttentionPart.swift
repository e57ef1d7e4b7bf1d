import Algorithms
import CKernels
import T2Core
import T2Numerics

/// The attention of one segment and one key-value head, with scratch memory for one thread.
///
/// Shape letters: T tokens, L tokens of one segment, P positions attended to (its prefix's, then its own), D head size.
struct AttentionPart {
    let c: ModelConfiguration
    private let workspace = Workspace()
    /// The number of query rows that the backward pass computes together, which limits the scores in memory to blockRows × P.
    private let blockRows = 128

    init(c: ModelConfiguration) { self.c = c }

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

    /// Computes the query heads that share a key-value head, and stores the segment's keys and values if it has a slot.
    func forward(
        _ segment: TokenBatch.Segment, from position: Int, layer: Int, _ qkv: Matrix, _ shared: Int, cache: KVCache?,
        into output: Matrix
    ) {
        let head = shared * group
        let keys_DP: Matrix
        let values_PD: Matrix
        if let cache, let slot = segment.slot {
            keys_DP = cache.keys(layer: layer, slot: slot, head: shared)
            values_PD = cache.values(layer: layer, slot: slot, head: shared)
            cache.store(
                layer: layer, slot: slot, head: shared, position: position, k: key(qkv, head).rows(segment.rows),
                v: value(qkv, head).rows(segment.rows))
        } else {
            precondition(position == segment.prefix.count, "a sequence is continued one token at a time")
            keys_DP = transposedContext(segment, key(qkv, head), into: .keysTransposed)
            let copy = workspace.matrix(.values, rows: position + segment.count, columns: c.headSize)
            for (start, rows) in [(0, segment.prefix), (position, segment.rows)] {
                copy.rows(start..<start + rows.count).copy(from: value(qkv, head).rows(rows))
            }
            values_PD = copy
        }
        let queries = query(qkv, head).rows(segment.rows)
        let scratch = workspace.matrix(.scores, rows: 4, columns: keys_DP.stride)
        t2_attend(
            queries.pointer, queries.stride, query(output, head).row(segment.start), output.stride, segment.count,
            group, c.headSize, keys_DP.pointer, values_PD.pointer, keys_DP.stride, position + 1, window(layer), scale,
            scratch.pointer)
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

    /// The transposed context, [D, P], whose stride is a multiple of 16 floats. OpenBLAS multiplies small matrices twice as fast if
    /// neither is transposed.
    private func transposedContext(_ segment: TokenBatch.Segment, _ x_TD: Matrix, into area: Workspace.Area) -> Matrix {
        let prefix = segment.prefix.count
        let output = square(area, rows: x_TD.columns, columns: prefix + segment.count)
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

    /// Adds a segment's part of the gradient with respect to q, k and v of one key-value head and the query heads that share it.
    ///
    /// - Shapes: x and dx [T, (heads + 2·kv)·D]; dy [L, heads·D] of the segment's rows.
    func backward(
        _ segment: TokenBatch.Segment, layer: Int, _ x: Matrix, _ shared: Int, deltaOutput dy: Matrix, into dx: Matrix
    ) {
        let window = window(layer)
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
