import Foundation
import T2Core
import T2Formats

/// A Hugging Face folder with a small Llama of random weights, for tests that need a model but not a trained one.
package struct TinyModel {
    package let path: String

    /// Writes config.json, model.safetensors and a tokenizer of single characters into a fresh temporary folder.
    package init(
        layers: Int = 2, heads: Int = 4, keyValueHeads: Int = 2, tied: Bool = true, contextLength: Int = 128,
        vocabulary: Int = 50, seed: UInt64 = 1
    ) throws {
        path = NSTemporaryDirectory() + "t2-model-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let (hidden, intermediate, headSize) = (24, 40, 8)
        let configuration = """
            {"model_type": "llama", "hidden_act": "silu", "vocab_size": \(vocabulary), "hidden_size": \(hidden),
             "intermediate_size": \(intermediate), "num_hidden_layers": \(layers), "num_attention_heads": \(heads),
             "num_key_value_heads": \(keyValueHeads), "head_dim": \(headSize), "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
             "max_position_embeddings": \(contextLength), "tie_word_embeddings": \(tied), "bos_token_id": 0, "eos_token_id": 1}
            """
        try AtomicFile.write(configuration, to: path + "/config.json")
        let model = try ModelConfiguration(path: path + "/config.json")
        var random = SeededRandom(seed: seed)
        func tensor(_ name: String, _ shape: [Int], mean: Double = 0, deviation: Double) -> SafetensorsWriter.Tensor {
            let values = (0..<shape.reduce(1, *)).map { _ in Float(mean + deviation * random.nextNormal()) }
            return SafetensorsWriter.Tensor(name: name, shape: shape, values: values)
        }
        var tensors = [tensor("model.embed_tokens.weight", [vocabulary, hidden], deviation: 0.5)]
        if !tied { tensors.append(tensor("lm_head.weight", [vocabulary, hidden], deviation: 0.3)) }
        for layer in 0..<layers {
            for kind in MatrixKind.allCases {
                let (rows, columns) = kind.shape(model)
                tensors.append(tensor(kind.name(layer: layer), [rows, columns], deviation: 0.25))
            }
            for norm in ["input_layernorm", "post_attention_layernorm"] {
                tensors.append(tensor("model.layers.\(layer).\(norm).weight", [hidden], mean: 1, deviation: 0.1))
            }
        }
        tensors.append(tensor("model.norm.weight", [hidden], mean: 1, deviation: 0.1))
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: path + "/model.safetensors")
        try AtomicFile.write(Self.tokenizer(50), to: path + "/tokenizer.json")
    }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    private static func tokenizer(_ size: Int) -> String {
        let special = ["<|bos|>", "<|eos|>", "<|pad|>"]
        let characters = (0..<size - special.count).map { String(UnicodeScalar(UInt8(65 + $0))) }
        let entries = (special + characters).enumerated().map { index, token in
            "\"\(token == "\\" ? "\\\\" : token)\": \(index)"
        }
        let added = special.enumerated().map { index, token in
            """
            {"id": \(index), "content": "\(token)", "special": true, "single_word": false, "lstrip": false, "rstrip": false, \
            "normalized": false}
            """
        }
        return """
            {"version": "1.0", "added_tokens": [\(added.joined(separator: ", "))], "normalizer": null,
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
             "post_processor": null, "decoder": {"type": "ByteLevel"},
             "model": {"type": "BPE", "vocab": {\(entries.joined(separator: ", "))}, "merges": []}}
            """
    }
}
