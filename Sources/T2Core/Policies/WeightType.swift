/// The type in which a model's matrices are held and multiplied. Sums, norms, attention, gradients and z are float32 for both.
package enum WeightType: String, Sendable, Codable, CaseIterable {
    case float32 = "f32"
    case bfloat16 = "bf16"
}

/// The type of the weights as users choose it.
package enum WeightChoice: String, Sendable, Codable, CaseIterable {
    /// bfloat16 where the processor multiplies it and the model's files hold it, otherwise float32.
    case auto
    case f32, bf16
}

extension WeightChoice {
    package init(_ type: WeightType) { self = type == .float32 ? .f32 : .bf16 }
}
