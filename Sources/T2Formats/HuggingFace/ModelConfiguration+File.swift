import Foundation
import T2Core

extension ModelConfiguration {
    /// Reads a `config.json`.
    ///
    /// - Throws: `SystemError` if the file cannot be read, `InputError` if it describes a model that t2 does not run.
    package init(path: String) throws {
        try self.init(content: try MappedFile(path: path).data, path: path)
    }

    /// Reads the content of a `config.json`.
    ///
    /// - Parameter path: its path, for errors.
    /// - Throws: `InputError` if it describes a model that t2 does not run.
    package init(content: Data, path: String) throws {
        let raw: RawConfiguration
        do {
            raw = try JSONDecoder().decode(RawConfiguration.self, from: content)
        } catch {
            throw InputError(
                path, "not a readable model configuration: \(decodingProblem(error, in: content))",
                remedy: "Copy it again.")
        }
        self = try raw.checked(path: path)
    }
}

/// The keys of `config.json` that t2 reads, as different versions of transformers write them.
private struct RawConfiguration: Decodable {
    struct Rope: Decodable {
        let rope_type: String?
        let type: String?
        let rope_theta: Double?
    }

    /// `eos_token_id` is a number or a list of numbers.
    struct TokenIdentifiers: Decodable {
        let all: [Int]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            all = try (try? container.decode(Int.self)).map { [$0] } ?? container.decode([Int].self)
        }
    }

    let model_type: String?
    let hidden_act: String?
    let vocab_size: Int
    let hidden_size: Int
    let intermediate_size: Int
    let num_hidden_layers: Int
    let num_attention_heads: Int
    let num_key_value_heads: Int?
    let head_dim: Int?
    let rms_norm_eps: Double?
    let rope_theta: Double?
    let rope_scaling: Rope?
    let rope_parameters: Rope?
    let max_position_embeddings: Int?
    let tie_word_embeddings: Bool?
    let attention_bias: Bool?
    let mlp_bias: Bool?
    let bos_token_id: TokenIdentifiers?
    let eos_token_id: TokenIdentifiers?

    func checked(path: String) throws -> ModelConfiguration {
        func unsupported(_ problem: String) -> InputError {
            InputError(path, problem, remedy: "t2 runs Llama models (model_type llama, SiLU, no biases).")
        }
        guard model_type == "llama" else {
            throw unsupported("model_type is '\(model_type ?? "absent")', expected 'llama'")
        }
        guard hidden_act ?? "silu" == "silu" else {
            throw unsupported("hidden_act is '\(hidden_act!)', expected 'silu'")
        }
        guard attention_bias != true, mlp_bias != true else { throw unsupported("attention_bias or mlp_bias is true") }
        for rope in [rope_scaling, rope_parameters].compactMap({ $0 }) {
            let kind = rope.rope_type ?? rope.type ?? "default"
            guard kind == "default" else { throw unsupported("rope type is '\(kind)', expected 'default'") }
        }
        let keyValueHeads = num_key_value_heads ?? num_attention_heads
        let contextLength = max_position_embeddings ?? 2048
        let extents = [
            vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, keyValueHeads,
            head_dim ?? 1, contextLength,
        ]
        guard extents.allSatisfy({ $0 > 0 && $0 < 1 << 31 }) else { throw unsupported("a size is not in 1…2³¹ − 1") }
        let headSize = head_dim ?? hidden_size / num_attention_heads
        guard num_attention_heads % keyValueHeads == 0 else {
            throw unsupported("\(num_attention_heads) heads, expected a multiple of \(keyValueHeads) key-value heads")
        }
        guard headSize % 2 == 0 else { throw unsupported("the head size is \(headSize), expected an even number") }
        let (epsilon, theta) = (rms_norm_eps ?? 1e-6, rope_parameters?.rope_theta ?? rope_theta ?? 10_000)
        guard epsilon > 0, theta > 0 else {
            throw unsupported("rms_norm_eps is \(epsilon) and rope_theta \(theta), expected both above 0")
        }
        guard contextLength <= 1 << 20 else {
            throw unsupported("max_position_embeddings is \(contextLength), expected at most \(1 << 20)")
        }
        let model = ModelConfiguration(
            vocabularySize: vocab_size, hiddenSize: hidden_size, intermediateSize: intermediate_size,
            layerCount: num_hidden_layers, headCount: num_attention_heads, keyValueHeadCount: keyValueHeads,
            headSize: headSize, normEpsilon: Float(epsilon), ropeTheta: theta, contextLength: contextLength,
            tiedEmbeddings: tie_word_embeddings ?? false, beginningOfSequence: bos_token_id?.all.first,
            endOfSequence: eos_token_id?.all ?? [])
        guard hasSaneSize(model) else {
            throw unsupported(
                "it has \(model.layerCount) layers and the sizes \(extents), expected at most 4096 and 2⁴² weights")
        }
        return model
    }

    /// Whether the number of weights is small enough that no later calculation of sizes overflows.
    private func hasSaneSize(_ model: ModelConfiguration) -> Bool {
        guard model.layerCount <= 4096 else { return false }
        var total = 0
        for (_, shape) in model.weights {
            let (count, overflow) = shape.reduce((1, false)) { product, size in
                let (next, overflow) = product.0.multipliedReportingOverflow(by: size)
                return (next, overflow || product.1)
            }
            guard !overflow, count <= 1 << 42, total + count <= 1 << 42 else { return false }
            total += count
        }
        return true
    }
}
