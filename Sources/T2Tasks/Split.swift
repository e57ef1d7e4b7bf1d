/// A named part of a task's data.
///
/// The first three are disjoint. The published ones are the parts as a data set's authors cut them: they may overlap with
/// the first three, and a task has those that its data set has.
package enum Split: String, Sendable, CaseIterable {
    /// Sampled in training.
    case train
    /// Chooses the best checkpoint.
    case valid
    /// Looked at once, for the reported accuracy.
    case test
    case publishedTrain = "published-train"
    case publishedValidation = "published-validation"
    case publishedTest = "published-test"
    /// Examples that the authors set aside to be shown in prompts.
    case publishedPrompt = "published-prompt"
}
