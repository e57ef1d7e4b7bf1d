/// The method that adapts the weights. Everything else about a run is the same for both.
package enum AdapterKind: String, Sendable, Codable, CaseIterable {
    /// One scale per singular value: W′ = U diag(σ ⊙ z) Vᵀ.
    /// - Source: arXiv 2501.06252, section 3.1.
    case svf
    /// A product of two thin matrices added to each weight: W′ = W + (α/r)·B·A. It is the baseline for SVF.
    ///
    /// Fine-tuning commonly uses r = 16, α = 32 and, for models of 7B parameters and more, learning rates of 1e-5 to
    /// 5e-4, far below the 2e-3 of z: AdamW moves each of many more parameters by about the learning rate per step. The
    /// same clipping norm, 1e-3, applies; AdamW divides it out again unless the gradient's norm changes between steps.
    /// - Source: arXiv 2106.09685.
    case lora

    /// The default learning rate for a small model.
    package var defaultLearningRate: Float {
        switch self {
        case .svf: 1e-2
        case .lora: 3e-4
        }
    }

    /// The default of LoRA's r.
    package static let defaultRank = 16
}
