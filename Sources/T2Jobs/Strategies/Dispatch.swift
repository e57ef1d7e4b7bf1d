/// The model that classifies prompts in the first pass of two-pass inference.
package enum PromptClassifier: String, Sendable, Codable {
    /// The base model.
    case base = "prompt"
    /// The library's expert that was trained to classify.
    case expert = "cls-expert"
}

/// The decision about a prompt in the first pass.
package struct Dispatch: Sendable, Equatable, Codable {
    /// The category; `other` if the answer names no category. For a randomly drawn expert it is the expert's name.
    package let category: String
    /// The expert that answers; nil for the base model.
    package let expert: String?
    /// The classifier's answer; empty without a classifier.
    package let answer: String

    package init(category: String, expert: String?, answer: String = "") {
        self.category = category
        self.expert = expert
        self.answer = answer
    }
}
