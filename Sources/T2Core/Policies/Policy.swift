/// What answers a prompt: the base model, or the base model with an expert on it.
package enum Policy: Sendable, Equatable {
    case base
    /// W′ = U diag(σ ⊙ z) Vᵀ of each weight that z names; the others stay as the base has them.
    case svf(ExpertVector)
    /// W′ = W + B·A of each weight that the vector names; LoRA's scale α/r is multiplied into B already.
    case lora(ExpertVector)

    /// The name of each kind, as it travels and is digested.
    package enum Kind: String, Sendable, Codable {
        case base, svf, lora
    }

    package var kind: Kind {
        switch self {
        case .base: .base
        case .svf: .svf
        case .lora: .lora
        }
    }

    /// z, or A and B; nil for the base model.
    package var vector: ExpertVector? {
        switch self {
        case .base: nil
        case .svf(let vector), .lora(let vector): vector
        }
    }

    /// The content address: over the kind, the layout and the values.
    ///
    /// - Cost: one pass over the values.
    package var digest: Digest {
        var builder = DigestBuilder()
        builder.update(kind.rawValue)
        guard let vector else { return builder.finalize() }
        for entry in vector.layout.entries { builder.update("\u{0}\(entry.name) \(entry.count)") }
        vector.values.withUnsafeBytes { builder.update($0) }
        return builder.finalize()
    }

    /// The digest of `.base`, which every worker holds.
    package static let baseDigest = Policy.base.digest

    /// - Returns: nil if the base model is asked for with a vector, or another kind without one.
    package init?(_ kind: Kind, vector: ExpertVector?) {
        switch (kind, vector) {
        case (.base, nil): self = .base
        case (.svf, let vector?): self = .svf(vector)
        case (.lora, let vector?): self = .lora(vector)
        default: return nil
        }
    }
}
