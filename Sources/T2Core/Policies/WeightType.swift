/// The type in which a model's matrices are held and multiplied. Sums, norms, attention, gradients and z are float32 for both.
package enum WeightType: String, Sendable, Codable, CaseIterable {
    case float32 = "f32"
    case bfloat16 = "bf16"
}
