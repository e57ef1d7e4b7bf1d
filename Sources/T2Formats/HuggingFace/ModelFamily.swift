import T2Core

/// What the models of one `model_type` of `config.json` have that others have not. This file alone distinguishes the
/// families; to add one that computes nothing new, add an entry to `all`.
struct ModelFamily: Sendable {
    let modelType: String
    /// The values of keys that a `config.json` may leave out, from the family's configuration class in transformers.
    var defaults = Defaults()
    /// The matrices that always have a bias.
    var biases: Set<MatrixKind> = []
    /// The matrices that have a bias if the key `attention_bias` is true; empty if the family does not know the key.
    var attentionBiases: Set<MatrixKind> = []
    /// The same for the key `mlp_bias`.
    var feedForwardBiases: Set<MatrixKind> = []
    var hasHeadNorms = false
    /// The layers that do not rotate queries and keys.
    var unrotatedLayers: @Sendable (ConfigurationFile) throws(Unsupported) -> Set<Int> = { _ in [] }
    /// The window of each layer, nil for a layer that attends to everything before it; empty if no layer has one.
    var windows: @Sendable (ConfigurationFile, ConfigurationFile.Kind) throws(Unsupported) -> [Int?] = { _, _ in [] }

    struct Defaults {
        /// Nil for as many as there are heads.
        var keyValueHeads: Int?
        /// Nil for the hidden size divided by the number of heads.
        var headSize: Int?
        var contextLength = 32768
        var ropeTheta = 10_000.0
        var tiedEmbeddings = false
    }

    private static let attention: Set<MatrixKind> = [.query, .key, .value, .output]
    private static let feedForward: Set<MatrixKind> = [.gate, .up, .down]

    static let all = [
        ModelFamily(
            modelType: "llama", defaults: Defaults(contextLength: 2048), attentionBiases: attention,
            feedForwardBiases: feedForward),
        ModelFamily(
            modelType: "mistral", defaults: Defaults(keyValueHeads: 8, contextLength: 131_072),
            windows: oneWindow),
        ModelFamily(
            modelType: "qwen2", defaults: Defaults(keyValueHeads: 32), biases: [.query, .key, .value],
            attentionBiases: [.query, .key, .value],
            windows: windowsOfUpperLayers),
        ModelFamily(
            modelType: "qwen3", defaults: Defaults(keyValueHeads: 32, headSize: 128), attentionBiases: attention,
            hasHeadNorms: true, windows: windowsOfUpperLayers),
        ModelFamily(
            modelType: "smollm3", defaults: Defaults(keyValueHeads: 4, ropeTheta: 2_000_000, tiedEmbeddings: true),
            attentionBiases: attention, feedForwardBiases: feedForward,
            unrotatedLayers: noRopeLayers, windows: windowsOfUnrotatedLayers),
    ]

    /// The values of a file of this family.
    ///
    /// - Throws: `Unsupported`.
    func architecture(
        _ file: ConfigurationFile, _ kind: ConfigurationFile.Kind, rope: RopeScaling, contextLength: Int
    ) throws(Unsupported) -> Architecture {
        var architecture = Architecture()
        architecture.name = modelType
        architecture.rope = rope
        architecture.hasHeadNorms = hasHeadNorms
        architecture.biases = biases
        for (key, value, kinds) in [
            ("attention_bias", file.attention_bias, attentionBiases), ("mlp_bias", file.mlp_bias, feedForwardBiases),
        ] where value == true {
            guard !kinds.isEmpty else {
                throw Unsupported("\(key) is true, but models of model_type \(modelType) have no such biases")
            }
            architecture.biases.formUnion(kinds)
        }
        architecture.unrotatedLayers = try unrotatedLayers(file)
        // A window that the context does not exceed is none.
        let windows = try windows(file, kind).map { $0.flatMap { $0 < contextLength ? $0 : nil } }
        architecture.windows = windows.contains { $0 != nil } ? windows : []
        return architecture
    }
}

/// A property of a model that t2 does not run, without its file.
struct Unsupported: Error {
    let problem: String
    init(_ problem: String) { self.problem = problem }
}

extension ModelFamily {
    /// Mistral: all layers have the same window, if there is one.
    @Sendable private static func oneWindow(
        _ file: ConfigurationFile, _ kind: ConfigurationFile.Kind
    ) throws(Unsupported) -> [Int?] {
        let window = try file.window(kind, default: 4096)
        if window != nil, let type = file.layer_types?.first(where: { $0 != "sliding_attention" }) {
            throw Unsupported("layer_types has '\(type)', but all layers of this family have the window")
        }
        return [Int?](repeating: window, count: file.num_hidden_layers)
    }

    /// Qwen: the layers from `max_window_layers` on have the window.
    @Sendable private static func windowsOfUpperLayers(
        _ file: ConfigurationFile, _ kind: ConfigurationFile.Kind
    ) throws(Unsupported) -> [Int?] {
        let first = file.max_window_layers ?? 28
        return try file.windowsByType(kind, default: 4096) { $0 >= first }
    }

    /// SmolLM3: the layers without rotation have the window.
    @Sendable private static func windowsOfUnrotatedLayers(
        _ file: ConfigurationFile, _ kind: ConfigurationFile.Kind
    ) throws(Unsupported) -> [Int?] {
        let unrotated = try noRopeLayers(file)
        return try file.windowsByType(kind, default: nil) { unrotated.contains($0) }
    }

    /// SmolLM3: the layers with a 0 in `no_rope_layers`, or else every last one of `no_rope_layer_interval`.
    @Sendable private static func noRopeLayers(_ file: ConfigurationFile) throws(Unsupported) -> Set<Int> {
        let layers = 0..<file.num_hidden_layers
        if let given = file.no_rope_layers {
            guard given.count >= layers.count else {
                throw Unsupported("no_rope_layers has \(given.count) values, expected \(layers.count), one per layer")
            }
            return Set(layers.filter { given[$0] == 0 })
        }
        let interval = file.no_rope_layer_interval ?? 4
        guard interval > 0 else { throw Unsupported("no_rope_layer_interval is \(interval), expected 1 or more") }
        return Set(layers.filter { ($0 + 1) % interval == 0 })
    }
}

extension ConfigurationFile {
    /// The size of the windows; nil if no layer has one.
    fileprivate func window(_ kind: Kind, default standard: Int?) throws(Unsupported) -> Int? {
        // An explicit null is no window, an absent key the default.
        guard let size = kind.keys.contains("sliding_window") ? sliding_window : standard else { return nil }
        guard size > 0 else { throw Unsupported("sliding_window is \(size), expected 1 or more, or null") }
        return size
    }

    /// Windows for the layers that `layer_types` names, or else for those that `isSliding` holds for, if
    /// `use_sliding_window` is true.
    fileprivate func windowsByType(
        _ kind: Kind, default standard: Int?, _ isSliding: (Int) -> Bool
    ) throws(Unsupported) -> [Int?] {
        let window = use_sliding_window == true ? try window(kind, default: standard) : nil
        guard let layer_types else { return (0..<num_hidden_layers).map { isSliding($0) ? window : nil } }
        guard layer_types.count == num_hidden_layers else {
            throw Unsupported(
                "layer_types has \(layer_types.count) values, expected \(num_hidden_layers), one per layer")
        }
        if let type = layer_types.first(where: { !["full_attention", "sliding_attention"].contains($0) }) {
            throw Unsupported("layer_types has '\(type)', expected full_attention or sliding_attention")
        }
        guard window != nil || !layer_types.contains("sliding_attention") else {
            throw Unsupported(
                "layer_types has 'sliding_attention', but use_sliding_window is not true or sliding_window is null")
        }
        return layer_types.map { $0 == "sliding_attention" ? window : nil }
    }
}
