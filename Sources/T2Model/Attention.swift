import CKernels
import T2Core
import T2Numerics

/// Causal grouped-query attention over packed sequences, and its gradient.
///
/// Shape letters: T tokens, L tokens of one sequence, P positions attended to, D head size.
struct Attention {
    private let c: ModelConfiguration
    private let workspace: Workspace
    /// Query rows computed together: bounds the scores in memory at blockRows × L.
    private let blockRows = 128

    init(_ configuration: ModelConfiguration, workspace: Workspace) {
        c = configuration
        self.workspace = workspace
    }

    private var scale: Float { 1 / Float(c.headSize).squareRoot() }
    private var group: Int { c.headCount / c.keyValueHeadCount }

    private func query(_ qkv: Matrix, _ head: Int) -> Matrix {
        qkv.columns(head * c.headSize..<(head + 1) * c.headSize)
    }
    private func key(_ qkv: Matrix, _ head: Int) -> Matrix { query(qkv, c.headCount + head / group) }
    private func value(_ qkv: Matrix, _ head: Int) -> Matrix {
        query(qkv, c.headCount + c.keyValueHeadCount + head / group)
    }

    /// o = softmax(q kᵀ/√D) v for every sequence and head.
    ///
    /// - Shapes: qkv [T, (heads + 2·kv)·D], rotated; output [T, heads·D].
    func forward(_ batch: TokenBatch, layer: Int, _ qkv: Matrix, cache: KVCache?, into output: Matrix) {
        for segment in batch.segments {
            let rows = segment.start..<segment.start + segment.count
            let position = Int(batch.positions[segment.start])
            if let cache, let slot = segment.slot {
                let keys = c.querySize..<c.querySize + c.keyValueSize
                let values = keys.upperBound..<keys.upperBound + c.keyValueSize
                cache.store(
                    layer: layer, slot: slot, position: position, k: qkv.rows(rows).columns(keys),
                    v: qkv.rows(rows).columns(values))
                if segment.count == 1 {
                    let scores = workspace.matrix(.scores, rows: 1, columns: cache.capacity)
                    t2_attend_cached(
                        qkv.row(segment.start), cache.keys(layer: layer, slot: slot),
                        cache.values(layer: layer, slot: slot),
                        output.row(segment.start), scores.pointer, c.headCount, c.keyValueHeadCount, c.headSize,
                        position + 1,
                        cache.capacity, scale)
                    continue
                }
            }
            precondition(position == 0, "a continued sequence comes one token at a time")
            attend(qkv.rows(rows), into: output.rows(rows))
        }
    }

    private func attend(_ qkv: Matrix, into output: Matrix) {
        for shared in 0..<c.keyValueHeadCount {
            let keys = transposed(key(qkv, shared * group), into: .keysTransposed)
            for head in shared * group..<(shared + 1) * group {
                for block in blocks(qkv.rows) {
                    let scores = probabilities(qkv, head, block, keys)
                    MatrixMultiply.multiply(
                        scores, value(qkv, head).rows(0..<block.upperBound),
                        into: query(output, head).rows(block))
                }
            }
        }
    }

    private func blocks(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: blockRows).map { $0..<min($0 + blockRows, count) }
    }

    /// Room for one number per query row of a block and position that it sees, [rows, P]. Rows are whole vectors apart.
    private func square(_ area: Workspace.Area, _ block: Range<Int>) -> Matrix {
        workspace.matrix(area, rows: block.count, columns: (block.upperBound + 15) / 16 * 16)
            .columns(0..<block.upperBound)
    }

    /// The attention weights of a block of query rows, [rows, P].
    private func probabilities(_ qkv: Matrix, _ head: Int, _ block: Range<Int>, _ keys_DL: Matrix) -> Matrix {
        let scores = square(.probabilities, block)
        MatrixMultiply.multiply(
            query(qkv, head).rows(block), keys_DL.columns(0..<block.upperBound), into: scores)
        t2_causal_softmax(scores.pointer, scores.rows, scores.columns, block.lowerBound + 1, scores.stride, scale)
        return scores
    }

    /// The gradient with respect to q, k and v, given that of the output; the weights are computed again, not stored.
    ///
    /// - Shapes: qkv and deltaQKV [T, (heads + 2·kv)·D], deltaOutput [T, heads·D].
    func backward(_ batch: TokenBatch, _ qkv: Matrix, deltaOutput: Matrix, into deltaQKV: Matrix) {
        deltaQKV.pointer.update(repeating: 0, count: deltaQKV.rows * deltaQKV.stride)
        for segment in batch.segments {
            let rows = segment.start..<segment.start + segment.count
            for shared in 0..<c.keyValueHeadCount {
                backward(qkv.rows(rows), shared, deltaOutput: deltaOutput.rows(rows), into: deltaQKV.rows(rows))
            }
        }
    }

    /// The part of one key-value head and the query heads that share it.
    private func backward(_ x: Matrix, _ shared: Int, deltaOutput dy: Matrix, into dx: Matrix) {
        let keys = transposed(key(x, shared * group), into: .keysTransposed)
        let values = transposed(value(x, shared * group), into: .valuesTransposed)
        for head in shared * group..<(shared + 1) * group {
            for block in blocks(x.rows) {
                let past = 0..<block.upperBound
                let p = probabilities(x, head, block, keys)
                let dO = query(dy, head).rows(block)
                let dP = square(.scores, block)
                MatrixMultiply.multiplyTransposedLeft(p, dO, into: value(dx, head).rows(past), accumulate: true)
                MatrixMultiply.multiply(dO, values.columns(past), into: dP)
                t2_softmax_backward(p.pointer, dP.pointer, dP.rows, dP.columns, dP.stride, scale)
                MatrixMultiply.multiply(dP, key(x, head).rows(past), into: query(dx, head).rows(block))
                MatrixMultiply.multiplyTransposedLeft(
                    dP, query(x, head).rows(block), into: key(dx, head).rows(past), accumulate: true)
            }
        }
    }

    /// [L, D] as [D, L]: OpenBLAS multiplies small matrices twice as fast where neither is transposed.
    private func transposed(_ x_LD: Matrix, into area: Workspace.Area) -> Matrix {
        let output = workspace.matrix(area, rows: x_LD.columns, columns: x_LD.rows)
        t2_transpose(x_LD.pointer, output.pointer, x_LD.rows, x_LD.columns, x_LD.stride, output.stride)
        return output
    }
}
