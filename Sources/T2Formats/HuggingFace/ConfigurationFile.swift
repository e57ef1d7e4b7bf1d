import Foundation
import T2Core

/// The keys of a `config.json` that t2 reads, as versions 4 and 5 of transformers write them.
struct ConfigurationFile: Decodable {
    /// `eos_token_id` is a number or a list of numbers.
    struct TokenIdentifiers: Decodable {
        let all: [Int]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let single = try? container.decode(Int.self) {
                all = [single]
            } else if let several = try? container.decode([Int].self) {
                all = several
            } else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "expected a token's number or a list of them")
            }
        }
    }

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
    let original_max_position_embeddings: Int?
    let partial_rotary_factor: Double?
    let max_position_embeddings: Int?
    let tie_word_embeddings: Bool?
    let attention_bias: Bool?
    let mlp_bias: Bool?
    let sliding_window: Int?
    let use_sliding_window: Bool?
    let max_window_layers: Int?
    let layer_types: [String]?
    let no_rope_layers: [Int]?
    let no_rope_layer_interval: Int?
    let attn_logit_softcapping: Double?
    let final_logit_softcapping: Double?
    let num_experts: Int?
    let num_local_experts: Int?
    let bos_token_id: TokenIdentifiers?
    let eos_token_id: TokenIdentifiers?
}

extension ConfigurationFile {
    /// What a `config.json` says about the kind of model, which decides how its other keys are read.
    struct Kind: Decodable {
        let model_type: String?
        /// How the weights are quantised, such as "bitsandbytes, 4 bits"; nil if they are not.
        let quantisation: String?
        /// All keys, also those whose value is null.
        let keys: Set<String>

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: AnyKey.self)
            keys = Set(container.allKeys.map(\.stringValue))
            model_type = try container.decodeIfPresent(String.self, forKey: AnyKey(stringValue: "model_type"))
            // transformers writes the first, its early versions the second, and MLX the third.
            quantisation = try ["quantization_config", "compression_config", "quantization"].lazy.compactMap { key in
                try container.decodeIfPresent(Quantisation.self, forKey: AnyKey(stringValue: key))
            }.first?.description
        }
    }

    private struct Quantisation: Decodable {
        let description: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: AnyKey.self)
            func value<Value: Decodable>(_ key: String) -> Value? {
                try? container.decode(Value.self, forKey: AnyKey(stringValue: key))
            }
            let bits: Int? =
                value("load_in_4bit") == true ? 4 : value("load_in_8bit") == true ? 8 : value("bits") ?? value("w_bit")
            let method: String = value("quant_method") ?? "by an unnamed method"
            description = method + (bits.map { ", \($0) bits" } ?? "")
        }
    }
}
