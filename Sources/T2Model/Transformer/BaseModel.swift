import CKernels
import T2Core
import T2Formats
import T2Numerics

/// A model's frozen weights in memory. Immutable; lanes share it.
package final class BaseModel: Sendable {
    package let folder: BaseModelFolder
    package let configuration: ModelConfiguration
    let embedding: TokenVectors
    /// The embedding itself if tied.
    let head: TokenVectors
    /// Eᵀ for the head's weight E [V, H], in the form in which it is multiplied: [H, V].
    let headTransposed: ProjectionWeight
    package let attentionNorms: [FloatBuffer]
    package let feedForwardNorms: [FloatBuffer]
    package let finalNorm: FloatBuffer
    package let weights: MergedWeights
    /// The biases of each projection group, [out]; nil if none of its matrices has one.
    let biases: ProjectionTable<FloatBuffer?>
    /// The norm weights of each layer's query heads, then its key heads, [heads + kv, D]; empty without such norms.
    let headNorms: [FloatBuffer]
    package let rotary: RotaryEmbedding

    /// - Parameter type: the type of the matrices in memory; the folder's if nil.
    /// - Throws: the errors of `WeightLoader`; `InputError` for bfloat16 if the installed oneDNN cannot multiply it.
    package init(_ folder: BaseModelFolder, type: WeightType? = nil) throws {
        let type = type ?? folder.weightType
        guard type == .float32 || PackedMatrix.isSupported else {
            throw InputError(
                "weights bf16",
                "oneDNN \(PackedMatrix.oneDNNVersion) on this processor does not multiply them as t2 needs it",
                remedy: "Choose --weights f32.", exitStatus: .unavailable)
        }
        t2_return_large_blocks()
        let loader = WeightLoader(folder)
        let c = folder.configuration
        self.folder = folder
        configuration = c
        func vectors(_ name: String) throws -> TokenVectors {
            try TokenVectors(loader, name, rows: c.vocabularySize, columns: c.hiddenSize, type)
        }
        embedding = try vectors(folder.embeddingName)
        head = c.tiedEmbeddings ? embedding : try vectors("lm_head.weight")
        headTransposed = head.transposed()
        finalNorm = try loader.load("model.norm.weight", shape: [c.hiddenSize])
        func norms(_ name: String) throws -> [FloatBuffer] {
            try (0..<c.layerCount).map { try loader.load("model.layers.\($0).\(name).weight", shape: [c.hiddenSize]) }
        }
        attentionNorms = try norms("input_layernorm")
        feedForwardNorms = try norms("post_attention_layernorm")
        let groups = try ProjectionTable(layerCount: c.layerCount) { layer, group in
            try Self.weight(loader, c, layer, group, type)
        }
        weights = MergedWeights(c, type, groups)
        biases = try ProjectionTable(layerCount: c.layerCount) { layer, group in
            try Self.bias(loader, c, layer, group)
        }
        headNorms = c.architecture.hasHeadNorms ? try (0..<c.layerCount).map { try Self.headNorm(loader, c, $0) } : []
        rotary = RotaryEmbedding(
            headSize: c.headSize, theta: c.ropeTheta, contextLength: c.contextLength, scaling: c.architecture.rope)
    }

    private static func weight(
        _ loader: WeightLoader, _ c: ModelConfiguration, _ layer: Int, _ group: ProjectionGroup, _ type: WeightType
    ) throws -> ProjectionWeight {
        let members = group.columns(c)
        switch type {
        case .float32:
            let buffer = FloatBuffer(count: group.inputSize(c) * group.outputSize(c))
            try withExtendedLifetime(buffer) {
                for (kind, columns) in members {
                    try loader.loadTransposed(kind.name(layer: layer), into: group.matrix(buffer, c).columns(columns))
                }
            }
            return .float32(buffer)
        case .bfloat16:
            let parts = try members.map { kind, columns in
                try loader.loadHalf(kind.name(layer: layer), rows: columns.count, columns: group.inputSize(c))
            }
            return .bfloat16(PackedMatrix(transposed: parts))
        }
    }

    private static func bias(
        _ loader: WeightLoader, _ c: ModelConfiguration, _ layer: Int, _ group: ProjectionGroup
    ) throws -> FloatBuffer? {
        let biased = group.columns(c).filter { c.architecture.biases.contains($0.kind) }
        guard !biased.isEmpty else { return nil }
        let buffer = FloatBuffer(count: group.outputSize(c))
        for (kind, columns) in biased {
            let bias = try loader.load(kind.biasName(layer: layer), shape: [columns.count])
            (buffer.pointer + columns.lowerBound).update(from: bias.pointer, count: columns.count)
        }
        return buffer
    }

    private static func headNorm(_ loader: WeightLoader, _ c: ModelConfiguration, _ layer: Int) throws -> FloatBuffer {
        let buffer = FloatBuffer(count: c.querySize + c.keyValueSize)
        for (name, heads) in [("q_norm", 0..<c.headCount), ("k_norm", c.headCount..<c.headCount + c.keyValueHeadCount)]
        {
            let weight = try loader.load("model.layers.\(layer).self_attn.\(name).weight", shape: [c.headSize])
            for head in heads {
                (buffer.pointer + head * c.headSize).update(from: weight.pointer, count: c.headSize)
            }
        }
        return buffer
    }
}
