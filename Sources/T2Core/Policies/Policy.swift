/// The model that answers a prompt: the base model, alone or with an adapter.
package enum Policy: Sendable, Equatable {
    case base
    /// W′ = U diag(σ ⊙ z) Vᵀ for each weight that z names; the others keep the base's values.
    case svf(ExpertVector)
    /// W′ = W + B·A for each weight that the vector names; B already contains LoRA's scale α/r.
    case lora(ExpertVector)

    /// The name of each kind in messages and digests.
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

    /// The content address: the digest of the kind, the layout and the values.
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

    /// - Returns: nil for the base model with a vector, and for another kind without one.
    package init?(_ kind: Kind, vector: ExpertVector?) {
        switch (kind, vector) {
        case (.base, nil): self = .base
        case (.svf, let vector?): self = .svf(vector)
        case (.lora, let vector?): self = .lora(vector)
        default: return nil
        }
    }
}
