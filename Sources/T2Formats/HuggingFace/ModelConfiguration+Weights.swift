import T2Core

extension ModelConfiguration {
    /// Every weight that a model of this shape needs: its Hugging Face name and its shape as stored.
    package var weights: [(name: String, shape: [Int])] {
        let table = [vocabularySize, hiddenSize]
        var weights = [(name: "model.embed_tokens.weight", shape: table)]
        if !tiedEmbeddings { weights.append(("lm_head.weight", table)) }
        for layer in 0..<layerCount {
            for norm in ["input_layernorm", "post_attention_layernorm"] {
                weights.append(("model.layers.\(layer).\(norm).weight", [hiddenSize]))
            }
            if architecture.hasHeadNorms {
                for norm in ["q_norm", "k_norm"] {
                    weights.append(("model.layers.\(layer).self_attn.\(norm).weight", [headSize]))
                }
            }
            for kind in MatrixKind.allCases {
                let (rows, columns) = kind.shape(self)
                weights.append((kind.name(layer: layer), [rows, columns]))
                if architecture.biases.contains(kind) { weights.append((kind.biasName(layer: layer), [rows])) }
            }
        }
        weights.append(("model.norm.weight", [hiddenSize]))
        return weights
    }
}
