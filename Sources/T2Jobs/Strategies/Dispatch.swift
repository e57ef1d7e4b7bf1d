/// Which model puts prompts into categories in the first pass of two-pass inference.
package enum PromptClassifier: String, Sendable, Codable {
    /// The base model.
    case base = "prompt"
    /// The expert that was trained to classify.
    case expert = "cls-expert"
}

/// What was decided about a prompt before it was answered.
package struct Dispatch: Sendable, Equatable, Codable {
    /// `other` if the answer names none of the categories. For an expert that was drawn it is the expert's name.
    package let category: String
    /// The expert that answers; nil for the base model.
    package let expert: String?
    /// What the classifying model said; empty if none was asked.
    package let answer: String

    package init(category: String, expert: String?, answer: String = "") {
        self.category = category
        self.expert = expert
        self.answer = answer
    }
}
