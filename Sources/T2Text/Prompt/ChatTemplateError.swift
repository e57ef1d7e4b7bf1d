import T2Core
import T2Jinja

/// The reason why a model's folder gives no prompt for a conversation.
package struct ChatTemplateError: UserFacingError, Equatable {
    /// The file that was read.
    package let path: String
    package let problem: String
    package let remedy: String
    /// Whether another conversation may have a prompt.
    private let concernsMessages: Bool
    /// The problem, or the line of input, that holds the conversation.
    private var conversation: String?

    init(_ path: String, _ problem: String, remedy: String, concernsMessages: Bool = false) {
        (self.path, self.problem, self.remedy) = (path, problem, remedy)
        self.concernsMessages = concernsMessages
    }

    package var description: String { (conversation.map { "\($0): " } ?? "") + "\(path): \(problem). \(remedy)" }
    package var exitStatus: ExitStatus { .configuration }

    /// The same error with the place of the conversation, if it concerns the conversation.
    package func located(at conversation: String) -> ChatTemplateError {
        guard concernsMessages else { return self }
        var error = self
        error.conversation = conversation
        return error
    }

    /// - Parameter path: the file of the template.
    static func template(_ path: String, _ error: TemplateError) -> ChatTemplateError {
        let problem: String
        switch error.kind {
        case .raised:
            return ChatTemplateError(
                path, "the chat template refuses these messages: '\(printable(error.problem, limit: 1000))'",
                remedy: "Change the messages as it says; a system message comes from --system or the key system.",
                concernsMessages: true)
        case .malformed: problem = "its chat template is not Jinja: \(error)"
        case .unsupported: problem = "its chat template uses what t2 does not have: \(error)"
        case .invalid: problem = "its chat template fails: \(error)"
        case .endless: problem = "its chat template does not come to an end: \(error)"
        }
        return ChatTemplateError(
            path, printable(problem, limit: 1000), remedy: plainRemedy(path),
            concernsMessages: error.kind == .invalid || error.kind == .endless)
    }

    /// The way to use a model without its template.
    static func plainRemedy(_ path: String) -> String {
        let (template, key) = ("chat_template.jinja", "the key chat_template from tokenizer_config.json")
        return "To use the model for plain text completion, remove "
            + (path.hasSuffix("tokenizer_config.json") ? key : "\(template) and \(key)") + " in a copy of its folder."
    }
}
