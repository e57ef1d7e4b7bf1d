/// To what kind of model a prompt is written.
package enum PromptForm: String, Sendable, CaseIterable {
    /// To a model that follows instructions: what the user says, without a chat template around it.
    case chat
    /// To a base model: a text that it continues.
    case plain
}
