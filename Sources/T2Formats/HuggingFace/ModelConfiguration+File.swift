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
        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            do { return try JSONDecoder().decode(type, from: content) } catch {
                throw InputError(
                    path, "not a readable model configuration: \(decodingProblem(error, in: content))",
                    remedy: "Copy it again.")
            }
        }
        // The model's kind decides what its other keys mean, so it is read first.
        let kind = try decode(ConfigurationFile.Kind.self)
        let names = ModelFamily.all.map(\.modelType)
        guard let family = ModelFamily.all.first(where: { $0.modelType == kind.model_type }) else {
            throw InputError(
                path, "model_type is \(kind.model_type.map { "'\($0)'" } ?? "absent")",
                remedy: "t2 runs the model types \(names.joined(separator: ", ")): use a model of one of them.")
        }
        if let quantisation = kind.quantisation {
            throw InputError(
                path, "the weights are quantised (\(quantisation)), expected float32, float16 or bfloat16",
                remedy:
                    "Use the folder that was quantised, or load this one in transformers, dequantize() and save it; "
                    + "if its weights are not quantised, remove the key quantization_config.")
        }
        let file = try decode(ConfigurationFile.self)
        do { self = try Self.checked(file, kind, family) } catch {
            throw InputError(
                path, error.problem,
                remedy: "t2 runs models of the types \(names.joined(separator: ", ")) with SiLU as transformers does: "
                    + "use another model, or mend the key if it is wrong.")
        }
    }

    private static func checked(
        _ file: ConfigurationFile, _ kind: ConfigurationFile.Kind, _ family: ModelFamily
    ) throws(Unsupported) -> ModelConfiguration {
        try file.checkComputation()
        let (heads, defaults) = (file.num_attention_heads, family.defaults)
        let isGiven = kind.keys.contains("num_key_value_heads")
        let keyValueHeads = file.num_key_value_heads ?? (isGiven ? nil : defaults.keyValueHeads) ?? heads
        let contextLength = file.max_position_embeddings ?? defaults.contextLength
        let extents = [
            ("vocab_size", file.vocab_size), ("hidden_size", file.hidden_size),
            ("intermediate_size", file.intermediate_size), ("num_hidden_layers", file.num_hidden_layers),
            ("num_attention_heads", heads), ("num_key_value_heads", keyValueHeads), ("head_dim", file.head_dim ?? 1),
            ("max_position_embeddings", contextLength),
        ]
        if let (key, size) = extents.first(where: { $1 <= 0 || $1 >= 1 << 31 }) {
            throw Unsupported("\(key) is \(size), expected 1 to \(Int32.max)")
        }
        guard file.num_hidden_layers <= 4096 else {
            throw Unsupported("it has \(file.num_hidden_layers) layers, expected at most 4096")
        }
        let headSize = file.head_dim ?? defaults.headSize ?? file.hidden_size / heads
        guard headSize * heads == file.hidden_size || file.head_dim ?? defaults.headSize != nil else {
            throw Unsupported("hidden_size is \(file.hidden_size), expected a multiple of \(heads) heads, or head_dim")
        }
        guard heads % keyValueHeads == 0 else {
            throw Unsupported("\(heads) heads, expected a multiple of \(keyValueHeads) key-value heads")
        }
        guard headSize % 2 == 0 else { throw Unsupported("the head size is \(headSize), expected an even number") }
        let epsilon = file.rms_norm_eps ?? 1e-6
        guard Float(epsilon) > 0, Float(epsilon).isFinite else {
            throw Unsupported("rms_norm_eps is \(epsilon), expected a number above 0 that float32 holds")
        }
        guard contextLength <= 1 << 20, contextLength * headSize <= 1 << 30 else {
            throw Unsupported(
                "max_position_embeddings is \(contextLength), expected at most \(min(1 << 20, (1 << 30) / headSize))")
        }
        let rope = try file.rope(defaultTheta: defaults.ropeTheta, contextLength: contextLength)
        let model = ModelConfiguration(
            vocabularySize: file.vocab_size, hiddenSize: file.hidden_size, intermediateSize: file.intermediate_size,
            layerCount: file.num_hidden_layers, headCount: heads, keyValueHeadCount: keyValueHeads, headSize: headSize,
            normEpsilon: Float(epsilon), ropeTheta: rope.theta, contextLength: contextLength,
            tiedEmbeddings: file.tie_word_embeddings ?? defaults.tiedEmbeddings,
            beginningOfSequence: file.bos_token_id?.all.first, endOfSequence: file.eos_token_id?.all ?? [],
            architecture: try family.architecture(file, kind, rope: rope.scaling, contextLength: contextLength))
        guard model.hasSaneSize else {
            let sizes = extents.map { "\($0) \($1)" }.joined(separator: ", ")
            throw Unsupported("the sizes \(sizes) give more than 2⁴² weights")
        }
        return model
    }

    /// Whether the number of weights is small enough that no later calculation of sizes overflows.
    private var hasSaneSize: Bool {
        var total = 0
        for (_, shape) in weights {
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

extension ConfigurationFile {
    /// Refuses keys that name a computation which no family has.
    fileprivate func checkComputation() throws(Unsupported) {
        guard hidden_act ?? "silu" == "silu" else {
            throw Unsupported("hidden_act is '\(hidden_act!)', expected 'silu'")
        }
        for (key, value) in [
            ("attn_logit_softcapping", attn_logit_softcapping), ("final_logit_softcapping", final_logit_softcapping),
        ] {
            if let value { throw Unsupported("\(key) is \(value), expected no soft-capping of logits") }
        }
        for (key, value) in [("num_experts", num_experts), ("num_local_experts", num_local_experts)] {
            if let value, value != 0 { throw Unsupported("\(key) is \(value), expected no mixture of experts") }
        }
    }
}
