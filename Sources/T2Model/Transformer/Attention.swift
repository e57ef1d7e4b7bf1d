import CKernels
import T2Core
import T2Numerics

/// Causal grouped-query attention over packed sequences, in layers with a window over its last positions, and its
/// gradient.
///
/// Shape letters: T tokens, D head size.
struct Attention {
    private let c: ModelConfiguration
    private let team: ThreadTeam
    private let parts: [AttentionPart]

    init(_ model: ModelConfiguration, _ team: ThreadTeam) {
        c = model
        self.team = team
        parts = (0..<team.count).map { _ in AttentionPart(c: model) }
    }

    /// o = softmax(q kᵀ/√D) v for every sequence and head, over the positions in the layer's window. A token's result has the same bits whether its keys and values come from the
    /// cache or from the batch, and whichever other tokens are in the batch.
    ///
    /// - Shapes: qkv [T, (heads + 2·kv)·D], rotated; output [T, heads·D].
    func forward(_ batch: TokenBatch, layer: Int, _ qkv: Matrix, cache: KVCache?, into output: Matrix) {
        let heads = c.keyValueHeadCount
        team.share(batch.segments.count * heads) { thread, item in
            let segment = batch.segments[item / heads]
            parts[thread].forward(
                segment, from: Int(batch.positions[segment.start]), layer: layer, qkv, item % heads, cache: cache,
                into: output)
        }
    }

    /// The gradient with respect to q, k and v, given that of the output; attention weights are recomputed, not stored.
    ///
    /// - Shapes: qkv and deltaQKV [T, (heads + 2·kv)·D], deltaOutput [T, heads·D].
    func backward(_ batch: TokenBatch, layer: Int, _ qkv: Matrix, deltaOutput: Matrix, into deltaQKV: Matrix) {
        deltaQKV.fillWithZeros()
        let (families, heads) = (batch.families, c.keyValueHeadCount)
        team.share(families.count * heads) { thread, item in
            for segment in batch.segments[families[item / heads]] {
                parts[thread].backward(
                    segment, layer: layer, qkv, item % heads, deltaOutput: deltaOutput.rows(segment.rows),
                    into: deltaQKV)
            }
        }
    }
}
