import CKernels
import T2Core
import T2Formats
import T2Numerics

/// A Llama model's frozen weights in memory, float32. Immutable; lanes share it.
package final class BaseModel: Sendable {
    package let folder: BaseModelFolder
    package let configuration: ModelConfiguration
    /// [V, H].
    package let embedding: FloatBuffer
    /// The head's weight E, [V, H]: the embedding itself if tied.
    package let head: FloatBuffer
    /// Eᵀ, [H, V].
    package let headTransposed: FloatBuffer
    package let attentionNorms: [FloatBuffer]
    package let feedForwardNorms: [FloatBuffer]
    package let finalNorm: FloatBuffer
    package let weights: MergedWeights
    package let rotary: RotaryEmbedding

    /// - Throws: the errors of `WeightLoader`.
    package init(_ folder: BaseModelFolder) throws {
        let loader = WeightLoader(folder)
        let c = folder.configuration
        self.folder = folder
        configuration = c
        embedding = try loader.load("model.embed_tokens.weight", shape: [c.vocabularySize, c.hiddenSize])
        head =
            c.tiedEmbeddings ? embedding : try loader.load("lm_head.weight", shape: [c.vocabularySize, c.hiddenSize])
        headTransposed = FloatBuffer(count: c.vocabularySize * c.hiddenSize)
        t2_transpose(
            head.pointer, headTransposed.pointer, c.vocabularySize, c.hiddenSize, c.hiddenSize, c.vocabularySize)
        finalNorm = try loader.load("model.norm.weight", shape: [c.hiddenSize])
        func norms(_ name: String) throws -> [FloatBuffer] {
            try (0..<c.layerCount).map { try loader.load("model.layers.\($0).\(name).weight", shape: [c.hiddenSize]) }
        }
        attentionNorms = try norms("input_layernorm")
        feedForwardNorms = try norms("post_attention_layernorm")
        let groups = try ProjectionTable(layerCount: c.layerCount) { layer, group in
            let buffer = FloatBuffer(count: group.inputSize(c) * group.outputSize(c))
            let fused = buffer.matrix(rows: group.inputSize(c), columns: group.outputSize(c))
            for (kind, columns) in group.columns(c) {
                try loader.loadTransposed(kind.name(layer: layer), into: fused.columns(columns))
            }
            return buffer
        }
        weights = MergedWeights(c, groups)
        rotary = RotaryEmbedding(headSize: c.headSize, theta: c.ropeTheta, contextLength: c.contextLength)
    }
}
