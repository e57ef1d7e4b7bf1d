/// What is trained of the adapted weights; everything else about a run is the same for both.
package enum AdapterKind: String, Sendable, Codable, CaseIterable {
    /// One scale per singular value: W′ = U diag(σ ⊙ z) Vᵀ.
    /// - Source: arXiv 2501.06252, section 3.1.
    case svf
    /// Two thin matrices added to each weight: W′ = W + (α/r)·B·A. The baseline that SVF is compared with.
    ///
    /// Usual for fine-tuning are r = 16, α = 32 and learning rates of 1e-5 to 5e-4 for models of 7B parameters and more, far
    /// below the 2e-3 of z there: AdamW moves each of many more numbers by about the learning rate a step. The largest norm
    /// of the gradient, 1e-3, applies alike; AdamW divides it out again unless the norm changes from step to step.
    /// - Source: arXiv 2106.09685.
    case lora

    /// Of a small model, if none is given.
    package var defaultLearningRate: Float {
        switch self {
        case .svf: 1e-2
        case .lora: 3e-4
        }
    }

    /// LoRA's r if none is given.
    package static let defaultRank = 16

    /// LoRA's α if none is given: B·A counts twice.
    package static func defaultAlpha(rank: Int) -> Float { 2 * Float(rank) }
}
