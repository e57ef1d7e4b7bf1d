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
