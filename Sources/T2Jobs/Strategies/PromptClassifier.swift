/// The model that classifies prompts in the first pass of two-pass inference.
package enum PromptClassifier: String, Sendable, Codable {
    /// The base model.
    case base = "prompt"
    /// The library's expert that was trained to classify.
    case expert = "cls-expert"
}
