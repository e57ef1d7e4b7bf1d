import T2CommandLine
import T2Core
import T2Formats
import T2Tasks
import T2Text

/// A prompt as one model reads it.
enum ModelPrompt {
    struct Token: Encodable {
        let id: Int32
        /// The token's own text; bytes that are not whole characters become U+FFFD.
        let text: String
    }

    /// A model folder's tokenizer, and what its chat template reads besides the prompts.
    struct Model {
        private let tokenizer: Tokenizer
        private let chat: ChatContext?

        /// - Throws: errors of opening the folder; `InputError` for an option that the model does not read.
        init(path: String, _ options: ChatOptions) throws {
            tokenizer = try BaseModelFolder.openWithTokenizer(path: path).tokenizer
            chat = try options.context(tokenizer)
        }

        /// The form of a task's prompts for this model.
        var form: PromptForm { tokenizer.chatTemplate == nil ? .plain : .chat }

        /// - Throws: `ChatTemplateError`.
        func tokens(of problem: Problem) throws -> [Token] {
            try tokenizer.prompt(problem.prompt, chat: chat).map {
                Token(id: $0, text: tokenizer.decode([$0], skipSpecialTokens: false))
            }
        }
    }
}
