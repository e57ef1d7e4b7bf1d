/// What a model computes beyond a plain Llama: biases, norms of heads, layers without rotation, windows, scaled
/// rotation.
///
/// `ModelFamily` (T2Formats) says how each `model_type` of `config.json` comes to these values, and T2Model computes
/// them.
package struct Architecture: Sendable, Equatable {
    /// The `model_type` of `config.json`.
    package var name = "llama"
    /// The matrices whose products get a bias.
    package var biases: Set<MatrixKind> = []
    /// Whether an RMSNorm of each head's query and key precedes their rotation.
    package var hasHeadNorms = false
    package var rope = RopeScaling.none
    /// The layers that do not rotate queries and keys.
    package var unrotatedLayers: Set<Int> = []
    /// The number of positions that a layer's token attends to, itself included, for each layer; nil if it attends to
    /// all before it. Empty if no layer has a window.
    package var windows: [Int?] = []

    package init() {}

    package static let llama = Architecture()

    package func window(_ layer: Int) -> Int? { windows.isEmpty ? nil : windows[layer] }

    /// A fixed spelling of what differs from a plain Llama; empty for a plain Llama.
    var canonicalDescription: String {
        var text = ""
        let biased = MatrixKind.allCases.filter(biases.contains).map(\.rawValue)
        if !biased.isEmpty { text += " biases=\(biased.joined(separator: ","))" }
        if hasHeadNorms { text += " head-norms" }
        if rope != .none { text += " rope=\(rope.canonicalDescription)" }
        if !unrotatedLayers.isEmpty { text += " unrotated=\(unrotatedLayers.sorted())" }
        if !windows.isEmpty { text += " windows=\(windows.map { $0 ?? 0 })" }
        return text
    }
}

/// The way in which the frequencies of the rotary position embedding are stretched for longer contexts.
///
/// - Source: the functions of the same names in transformers' `modeling_rope_utils.py`.
package enum RopeScaling: Sendable, Equatable {
    /// The frequencies θ^(−2i/D).
    case none
    /// Every frequency is divided by the factor.
    case linear(factor: Double)
    /// Frequencies with fewer turns in the original context than `low` are divided by the factor, those with more than
    /// `high` stay, and those between are interpolated.
    case llama3(factor: Double, low: Double, high: Double, original: Int)
    /// As `llama3`, but interpolated along the frequencies' indices between those with `fast` and `slow` turns, and the
    /// rotated vectors are multiplied by `magnitude`.
    case yarn(factor: Double, magnitude: Double, fast: Double, slow: Double, original: Int, truncates: Bool)

    fileprivate var canonicalDescription: String {
        switch self {
        case .none: "none"
        case .linear(let factor): "linear(\(factor))"
        case .llama3(let factor, let low, let high, let original): "llama3(\(factor),\(low),\(high),\(original))"
        case .yarn(let factor, let magnitude, let fast, let slow, let original, let truncates):
            "yarn(\(factor),\(magnitude),\(fast),\(slow),\(original),\(truncates))"
        }
    }
}
