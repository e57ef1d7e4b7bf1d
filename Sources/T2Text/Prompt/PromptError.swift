import T2Core

/// The reasons why a problem cannot be given to a model.
package enum PromptError: UserFacingError, Equatable {
    /// The chat template writes no prompt.
    case template(ChatTemplateError)
    /// The prompt has no tokens, because the tokenizer has a token for none of its bytes.
    case empty(problem: String)
    /// The prompt and a completion of `maxTokens` do not fit into the context together.
    case tooLong(problem: String, tokens: Int, maxTokens: Int, context: Int)
    /// The prompt and the right answer, whose likelihood a search measures, do not fit into the context together.
    case referenceTooLong(problem: String, tokens: Int, context: Int)

    /// The tokens of the prompt, together with the right answer in the case of `referenceTooLong`.
    package var tokens: Int {
        switch self {
        case .empty, .template: 0
        case .tooLong(_, let tokens, _, _), .referenceTooLong(_, let tokens, _): tokens
        }
    }

    package var description: String {
        switch self {
        case .template(let error): error.description
        case .referenceTooLong(let problem, let tokens, let context):
            "problem \(problem): its prompt and its right answer have \(tokens) tokens together, and the model's context holds \(context). "
                + "Leave such problems out of the shots: on-long-prompt skip."
        case .empty(let problem):
            "problem \(problem): its prompt has no tokens. Give every problem a prompt that the tokenizer can encode."
        case .tooLong(let problem, let tokens, let maxTokens, let context):
            "problem \(problem): its prompt has \(tokens) tokens and max-tokens is \(maxTokens), together \(tokens + maxTokens); "
                + "the model's context holds \(context). \(Self.remedy(room: context - tokens))"
        }
    }

    private static func remedy(room: Int) -> String {
        room > 0
            ? "Lower max-tokens to \(room) or less, shorten the prompt, or leave such problems out: on-long-prompt skip."
            : "No max-tokens leaves room for an answer: shorten the prompt, or leave such problems out: on-long-prompt skip."
    }

    package var exitStatus: ExitStatus {
        if case .template(let error) = self { error.exitStatus } else { .data }
    }

    /// A template's error about the prompt of one problem.
    static func template(_ error: ChatTemplateError, problem: String) -> PromptError {
        .template(error.located(at: "problem \(problem)"))
    }
}
