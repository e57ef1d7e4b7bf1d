import Foundation
import T2Core
import T2Formats

/// A model of random weights with as many singular values as Llama-3-8B: 1,024 layers, each a thirty-second as wide.
///
/// Its z is as large as that of the large model, at an eightieth of the weights. It has more matrices, whose names make a BLOB
/// a tenth larger.
struct DeepModel {
    let folder: BaseModelFolder

    private static let (hidden, layers, heads, headSize) = (128, 1_024, 4, 32)

    /// Writes the model into a folder that exists.
    ///
    /// - Parameter example: the model whose tokenizer it has.
    init(in path: String, like example: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: example)
        for name in names where name.hasPrefix("tokenizer") || name.hasPrefix("special") {
            try FileManager.default.copyItem(atPath: "\(example)/\(name)", toPath: "\(path)/\(name)")
        }
        let vocabulary = try ModelConfiguration(path: example + "/config.json").vocabularySize
        try AtomicFile.write(
            """
            {"model_type": "llama", "hidden_act": "silu", "vocab_size": \(vocabulary), "hidden_size": \(Self.hidden),
             "intermediate_size": \(Self.hidden), "num_hidden_layers": \(Self.layers),
             "num_attention_heads": \(Self.heads), "num_key_value_heads": 1, "head_dim": \(Self.headSize),
             "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 256, "tie_word_embeddings": true,
             "bos_token_id": 0, "eos_token_id": 1}
            """, to: path + "/config.json")
        let model = try ModelConfiguration(path: path + "/config.json")
        try SafetensorsWriter.write(
            Self.entries(model), metadata: ["format": "pt"], to: path + "/model.safetensors", content: Self.weights())
        folder = try BaseModelFolder(path: path)
    }

    private static func entries(_ model: ModelConfiguration) -> [SafetensorsWriter.Entry] {
        func entry(_ name: String, _ shape: [Int]) -> SafetensorsWriter.Entry {
            SafetensorsWriter.Entry(name: name, element: .float32, shape: shape)
        }
        let layers = (0..<model.layerCount).flatMap { layer in
            MatrixKind.allCases.map { kind in
                let shape = kind.shape(model)
                return entry(kind.name(layer: layer), [shape.rows, shape.columns])
            }
                + ["input_layernorm", "post_attention_layernorm"].map {
                    entry("model.layers.\(layer).\($0).weight", [model.hiddenSize])
                }
        }
        return [entry("model.embed_tokens.weight", [model.vocabularySize, model.hiddenSize])] + layers
            + [entry("model.norm.weight", [model.hiddenSize])]
    }

    /// Each tensor is another part of one table of random numbers.
    private static func weights() -> (SafetensorsWriter.Entry, AtomicFile.Append) throws -> Void {
        var random = SeededRandom(seed: 1)
        let table = (0..<1 << 18).map { _ in Float.random(in: -0.1...0.1, using: &random) }
        return { entry, append in
            let count = entry.shape.reduce(1, *)
            let start = Int.random(in: 0..<table.count - count, using: &random)
            try table[start..<start + count].withUnsafeBytes { try append($0) }
        }
    }
}
