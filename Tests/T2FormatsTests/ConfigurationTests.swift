import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("A model's config.json")
struct ConfigurationTests {
    @Test(
        "says the same in both versions of transformers, and what transformers makes of it",
        arguments: ConfigurationFixture.all)
    func published(fixture: ConfigurationFixture) throws {
        let model = try ModelConfiguration(content: fixture.published, path: "config.json")
        #expect(try ModelConfiguration(content: fixture.written, path: "config.json") == model)
        #expect((0..<model.layerCount).map { model.architecture.window($0) } == fixture.windows)
        let rotated = (0..<model.layerCount).map { !model.architecture.unrotatedLayers.contains($0) }
        #expect(rotated == fixture.rotated)
        let weights = model.weights.filter {
            !$0.name.hasPrefix("model.layers.") || $0.name.hasPrefix("model.layers.0.")
        }
        #expect(Dictionary(uniqueKeysWithValues: weights.map { ($0.name, $0.shape) }) == fixture.weights)
        #expect((model.weights.count - 2) % model.layerCount == (model.tiedEmbeddings ? 0 : 1))
    }

    @Test("of a plain Llama is described as ever, since experts name the digest of this text")
    func canonicalDescription() throws {
        let model = try ModelConfiguration(content: try content([:]), path: "config.json")
        #expect(
            model.canonicalDescription
                == "llama vocabulary=50 hidden=24 intermediate=40 layers=2 heads=4 kv=2 head=8 epsilon=1e-05 theta=10000.0 "
                + "tied=true context=128 bos=0 eos=[1]")
    }

    @Test("that computes something else is described by it")
    func canonicalDescriptions() throws {
        let texts = try ConfigurationFixture.all.map {
            try ModelConfiguration(content: $0.published, path: "config.json").canonicalDescription
        }
        // Dynamic scaling begins behind the context.
        #expect(Set(texts).count == texts.count - 1)
        let ends = [
            "rope=llama3(8.0,1.0,4.0,8192)", "biases=self_attn.q_proj,self_attn.k_proj,self_attn.v_proj", "head-norms",
            "unrotated=[3, 7, 11, 15, 19, 23, 27, 31, 35]",
        ]
        for end in ends { #expect(texts.contains { $0.hasSuffix("] \(end)") }, "\(end)") }
        #expect(texts.contains { $0.hasPrefix("mistral ") && $0.contains("windows=[4096, 4096,") })
    }

    /// Changes of a sound file, with what the refusal names. A nil value is JSON's null.
    static let refused: [(changes: [String: (any Sendable)?], problem: String)] = [
        (["model_type": "mixtral"], "model_type is 'mixtral'"), (["model_type": nil], "model_type is absent"),
        (
            ["quantization_config": ["quant_method": "gptq", "bits": 4] as [String: any Sendable]],
            "quantised (gptq, 4 bits)"
        ),
        (
            ["quantization_config": ["quant_method": "bitsandbytes", "load_in_4bit": true] as [String: any Sendable]],
            "quantised (bitsandbytes, 4 bits)"
        ),
        (
            ["quantization_config": ["quant_method": "bitnet", "quantization_mode": "online"], "hidden_size": 0],
            "quantised (bitnet)"
        ),
        (["quantization": ["group_size": 64, "bits": 4]], "quantised (by an unnamed method, 4 bits)"),
        (["hidden_act": "gelu"], "hidden_act is 'gelu'"),
        (["final_logit_softcapping": 30.0], "final_logit_softcapping is 30.0"),
        (["num_local_experts": 8], "no mixture of experts"),
        (["model_type": "mistral", "attention_bias": true], "attention_bias is true, but"),
        (["partial_rotary_factor": 0.5], "partial_rotary_factor is 0.5"),
        (
            ["rope_parameters": ["rope_type": "default", "partial_rotary_factor": 0.25] as [String: any Sendable]],
            "is 0.25"
        ),
        (["rope_scaling": ["type": "longrope"]], "rope type is 'longrope'"),
        (["rope_scaling": ["type": "linear"]], "the rope type 'linear' has no factor"),
        (
            ["rope_scaling": ["type": "linear", "factor": -1.0] as [String: any Sendable]],
            "factor of the rope type 'linear'"
        ),
        (["rope_scaling": ["rope_type": "llama3", "factor": 8.0] as [String: any Sendable]], "has no low_freq_factor"),
        (
            [
                "rope_scaling": [
                    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 4.0,
                ] as [String: any Sendable]
            ], "expected more than low_freq_factor"
        ),
        (
            [
                "rope_scaling": ["type": "yarn", "factor": 4.0, "original_max_position_embeddings": 0]
                    as [String: any Sendable]
            ],
            "original_max_position_embeddings is [0]"
        ),
        (["rope_parameters": ["rope_theta": 250_000.0]], "rope_theta is given as 250000.0 and as 10000.0"),
        (
            [
                "rope_parameters": ["rope_type": "default"],
                "rope_scaling": ["type": "linear", "factor": 2.0] as [String: any Sendable],
            ],
            "rope_scaling and rope_parameters differ"
        ),
        (
            ["rope_parameters": ["full_attention": ["rope_type": "default"]]], "differ by the type of layer"
        ),
        (["rope_theta": 0.0], "rope_theta is 0.0"), (["rope_theta": 1e300], "rope_theta is 1e+300"),
        (["rms_norm_eps": 1e-60], "rms_norm_eps is 1e-60"), (["rms_norm_eps": 1e60], "rms_norm_eps is 1e+60"),
        (["max_position_embeddings": 1 << 21], "expected at most 1048576"),
        (["max_position_embeddings": 1 << 20, "head_dim": 1 << 20], "expected at most 1024"),
        (["head_dim": 7], "the head size is 7"), (["head_dim": nil, "hidden_size": 30], "a multiple of 4 heads"),
        (["num_key_value_heads": 3], "a multiple of 3 key-value heads"),
        (["num_hidden_layers": -1], "num_hidden_layers is -1, expected 1 to 2147483647"),
        (["num_attention_heads": 0], "num_attention_heads is 0"),
        (["vocab_size": 1 << 40], "vocab_size is 1099511627776"),
        (["vocab_size": "many"], "vocab_size"), (["hidden_size": 1e300], "not a readable model configuration"),
        (["model_type": "mistral", "sliding_window": 0], "sliding_window is 0"),
        (
            ["model_type": "mistral", "sliding_window": 8, "layer_types": ["full_attention", "sliding_attention"]],
            "layer_types has 'full_attention'"
        ),
        (["model_type": "qwen2", "layer_types": ["full_attention"]], "layer_types has 1 values, expected 2"),
        (["model_type": "qwen2", "layer_types": ["full_attention", "linear_attention"]], "'linear_attention'"),
        (
            ["model_type": "qwen3", "layer_types": ["full_attention", "sliding_attention"]],
            "use_sliding_window is not true"
        ),
        (["model_type": "smollm3", "no_rope_layers": [1]], "no_rope_layers has 1 values"),
        (["model_type": "smollm3", "no_rope_layer_interval": 0], "no_rope_layer_interval is 0"),
    ]

    @Test("that t2 does not run is refused with the key at fault", arguments: refused.indices)
    func refusal(_ index: Int) throws {
        let (changes, problem) = Self.refused[index]
        let content = try content(changes)
        let error = #expect(throws: InputError.self) { try ModelConfiguration(content: content, path: "config.json") }
        #expect(error?.description.hasPrefix("config.json: ") == true)
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "none")")
        #expect(error?.exitStatus == .data)
    }

    @Test(
        "may leave out what its family defines",
        arguments: [
            ("mistral", 8, 128, 10_000.0, [Int?](repeating: 4096, count: 2), false),
            ("qwen3", 32, 128, 10_000, [nil, nil], false), ("smollm3", 4, 16, 2_000_000, [nil, nil], true),
            ("llama", 32, 16, 10_000, [nil, nil], false),
        ])
    func defaults(
        type: String, keyValueHeads: Int, headSize: Int, theta: Double, windows: [Int?], isTied: Bool
    ) throws {
        let head = type == "mistral" ? ["head_dim": 128] : [:]
        let values: [String: Any] = [
            "model_type": type, "vocab_size": 50, "hidden_size": 512, "intermediate_size": 40, "num_hidden_layers": 2,
            "num_attention_heads": 32,
        ].merging(head) { $1 }
        let content = try JSONSerialization.data(withJSONObject: values)
        let model = try ModelConfiguration(content: content, path: "config.json")
        #expect(model.keyValueHeadCount == keyValueHeads && model.headSize == headSize && model.ropeTheta == theta)
        #expect((0..<2).map { model.architecture.window($0) } == windows && model.tiedEmbeddings == isTied)
    }

    @Test("with a theta in rope_scaling means this theta")
    func thetaInScaling() throws {
        let content = try content([
            "rope_theta": nil,
            "rope_scaling": ["rope_type": "default", "rope_theta": 250_000.0] as [String: any Sendable],
        ])
        #expect(try ModelConfiguration(content: content, path: "config.json").ropeTheta == 250_000)
    }

    @Test("may give the scaling in both spellings, if they mean the same")
    func bothSpellings() throws {
        let scaling: [String: any Sendable] = ["type": "linear", "factor": 2.0]
        let parameters: [String: any Sendable] = ["rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0]
        let content = try content(["rope_scaling": scaling, "rope_parameters": parameters])
        #expect(
            try ModelConfiguration(content: content, path: "config.json").architecture.rope == .linear(factor: 2))
    }

    @Test(
        "with sizes that no memory holds is refused before anything is calculated from them",
        arguments: [
            (["num_hidden_layers": 1 << 30], "expected at most 4096"),
            (["hidden_size": 1 << 30, "vocab_size": 1 << 30], "give more than 2⁴² weights"),
            (["intermediate_size": (1 << 31) - 1, "hidden_size": (1 << 31) - 8192], "give more than 2⁴² weights"),
            (["head_dim": (1 << 31) - 2], "max_position_embeddings is 128, expected at most 0"),
        ])
    func absurdSizes(_ sizes: [String: Int], problem: String) throws {
        let content = try content(sizes)
        let error = #expect(throws: InputError.self) { try ModelConfiguration(content: content, path: "config.json") }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "none")")
    }

    /// A sound file with some values changed.
    private func content(_ changes: [String: (any Sendable)?]) throws -> Data {
        var values: [String: Any] = [
            "model_type": "llama", "hidden_act": "silu", "vocab_size": 50, "hidden_size": 24, "intermediate_size": 40,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 128, "tie_word_embeddings": true,
            "bos_token_id": 0, "eos_token_id": 1,
        ]
        for (key, value) in changes { values[key] = value ?? NSNull() }
        return try JSONSerialization.data(withJSONObject: values)
    }
}
