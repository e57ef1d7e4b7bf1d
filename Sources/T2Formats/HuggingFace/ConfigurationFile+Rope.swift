import Foundation
import T2Core

extension ConfigurationFile {
    /// `rope_scaling` of transformers 4, beside which `rope_theta` stands, or `rope_parameters` of transformers 5.
    struct Rope: Decodable {
        let rope_type: String?
        let type: String?
        let rope_theta: Double?
        let factor: Double?
        let original_max_position_embeddings: Int?
        let low_freq_factor: Double?
        let high_freq_factor: Double?
        let attention_factor: Double?
        let beta_fast: Double?
        let beta_slow: Double?
        let mscale: Double?
        let mscale_all_dim: Double?
        let truncate: Bool?
        let partial_rotary_factor: Double?
        let full_attention: Nested?
        let sliding_attention: Nested?

        /// Parameters for the layers of one type; a model of a supported family has none.
        struct Nested: Decodable {}

        var kind: String { rope_type ?? type ?? "default" }
    }

    /// θ and the scaling of the rotary position embedding.
    ///
    /// - Throws: `Unsupported`.
    func rope(defaultTheta: Double, contextLength: Int) throws(Unsupported) -> (theta: Double, scaling: RopeScaling) {
        guard let first = rope_scaling ?? rope_parameters else {
            return (try theta(nil, default: defaultTheta), .none)
        }
        let resolved = try resolve(first, defaultTheta, contextLength)
        if let second = rope_parameters, try resolve(second, defaultTheta, contextLength) != resolved {
            throw Unsupported(
                "rope_scaling and rope_parameters differ, expected one of them, or the same values in both")
        }
        return resolved
    }

    private func resolve(
        _ rope: Rope, _ defaultTheta: Double, _ contextLength: Int
    ) throws(Unsupported) -> (theta: Double, scaling: RopeScaling) {
        guard rope.full_attention == nil, rope.sliding_attention == nil else {
            throw Unsupported("rope_parameters differ by the type of layer, expected the same for all layers")
        }
        let theta = try theta(rope, default: defaultTheta)
        return (theta, try scaling(rope, theta: theta, contextLength: contextLength))
    }

    private func theta(_ rope: Rope?, default standard: Double) throws(Unsupported) -> Double {
        for fraction in [partial_rotary_factor, rope?.partial_rotary_factor].compactMap(\.self) where fraction != 1 {
            throw Unsupported("partial_rotary_factor is \(fraction), expected 1 or none")
        }
        let given = [rope?.rope_theta, rope_theta].compactMap(\.self)
        let theta = given.first ?? standard
        guard given.allSatisfy({ $0 == theta }) else {
            throw Unsupported("rope_theta is given as \(given[0]) and as \(given[1]), expected one value")
        }
        guard Float(theta) > 0, Float(theta).isFinite else {
            throw Unsupported("rope_theta is \(theta), expected a number above 0 that float32 holds")
        }
        return theta
    }

    private func scaling(_ rope: Rope, theta: Double, contextLength: Int) throws(Unsupported) -> RopeScaling {
        let kind = rope.kind
        func positive(_ value: Double?, _ key: String) throws(Unsupported) -> Double {
            guard let value else { throw Unsupported("the rope type '\(kind)' has no \(key)") }
            guard value > 0, Float(value).isFinite, Float(value) > 0 else {
                throw Unsupported("\(key) of the rope type '\(kind)' is \(value), expected a number above 0")
            }
            return value
        }
        func original() throws(Unsupported) -> Int {
            let found = [rope.original_max_position_embeddings, original_max_position_embeddings].compactMap(\.self)
            let length = found.first ?? contextLength
            guard found.allSatisfy({ $0 == length }), length > 0, length < 1 << 31 else {
                throw Unsupported("original_max_position_embeddings is \(found), expected one number above 0")
            }
            return length
        }
        switch kind {
        case "default": return .none
        // Dynamic scaling begins behind the context, where t2 does not compute.
        case "dynamic":
            _ = try positive(rope.factor, "factor")
            return .none
        case "linear": return .linear(factor: try positive(rope.factor, "factor"))
        case "llama3":
            let low = try positive(rope.low_freq_factor, "low_freq_factor")
            let high = try positive(rope.high_freq_factor, "high_freq_factor")
            guard high > low else {
                throw Unsupported("high_freq_factor is \(high), expected more than low_freq_factor, which is \(low)")
            }
            return .llama3(
                factor: try positive(rope.factor, "factor"), low: low, high: high, original: try original())
        case "yarn": return try yarn(rope, theta: theta, original: try original(), positive)
        default:
            throw Unsupported("rope type is '\(kind)', expected default, linear, dynamic, llama3 or yarn")
        }
    }

    private func yarn(
        _ rope: Rope, theta: Double, original: Int, _ positive: (Double?, String) throws(Unsupported) -> Double
    ) throws(Unsupported) -> RopeScaling {
        let factor = try positive(rope.factor, "factor")
        guard theta > 1 else {
            throw Unsupported("rope_theta is \(theta), expected more than 1 for the rope type 'yarn'")
        }
        func magnitude(_ weight: Double) -> Double { factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1 }
        var multiplier = magnitude(1)
        if let given = rope.attention_factor {
            multiplier = try positive(given, "attention_factor")
        } else if let mscale = rope.mscale, let all = rope.mscale_all_dim, mscale != 0, all != 0 {
            multiplier = try positive(magnitude(mscale) / magnitude(all), "mscale")
        }
        // Zero means the default here, as in transformers.
        func turns(_ value: Double?, _ key: String, default standard: Double) throws(Unsupported) -> Double {
            value == nil || value == 0 ? standard : try positive(value, key)
        }
        return .yarn(
            factor: factor, magnitude: multiplier, fast: try turns(rope.beta_fast, "beta_fast", default: 32),
            slow: try turns(rope.beta_slow, "beta_slow", default: 1), original: original,
            truncates: rope.truncate ?? true)
    }
}
