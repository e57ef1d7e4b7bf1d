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
        for head in 0..<c.headCount {
            for block in blocks(qkv.rows) {
                let scores = probabilities(qkv, head, block)
                MatrixMultiply.multiply(
                    scores, value(qkv, head).rows(0..<block.upperBound),
                    into: query(output, head).rows(block))
            }
        }
    }

    private func blocks(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: blockRows).map { $0..<min($0 + blockRows, count) }
    }

    /// The attention weights of a block of query rows, [rows, P].
    private func probabilities(_ qkv: Matrix, _ head: Int, _ block: Range<Int>) -> Matrix {
        let scores = workspace.matrix(.probabilities, rows: block.count, columns: block.upperBound)
        MatrixMultiply.multiplyTransposed(
            query(qkv, head).rows(block), key(qkv, head).rows(0..<block.upperBound), into: scores)
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
            let (x, dx, dy) = (qkv.rows(rows), deltaQKV.rows(rows), deltaOutput.rows(rows))
            for head in 0..<c.headCount {
                for block in blocks(segment.count) {
                    let past = 0..<block.upperBound
                    let p = probabilities(x, head, block)
                    let dO = query(dy, head).rows(block)
                    let dP = workspace.matrix(.scores, rows: block.count, columns: block.upperBound)
                    MatrixMultiply.multiplyTransposedLeft(p, dO, into: value(dx, head).rows(past), accumulate: true)
                    MatrixMultiply.multiplyTransposed(dO, value(x, head).rows(past), into: dP)
                    t2_softmax_backward(p.pointer, dP.pointer, dP.rows, dP.columns, dP.stride, scale)
                    MatrixMultiply.multiply(dP, key(x, head).rows(past), into: query(dx, head).rows(block))
                    MatrixMultiply.multiplyTransposedLeft(
                        dP, query(x, head).rows(block), into: key(dx, head).rows(past), accumulate: true)
                }
            }
        }
    }
}
