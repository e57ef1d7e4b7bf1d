import T2Core

extension Tokenizer {
    /// A prompt as a model reads it: the tokenizer's own prefix, then the text, for a chat model as the user's turn.
    ///
    /// Special tokens that a prompt for a chat model writes out are mere characters: nobody's problem ends the user's turn.
    package func prompt(_ text: String) -> [Int32] {
        guard let chatTemplate else { return promptPrefix + encode(text) }
        return chatTemplate.parts(user: text).reduce(into: promptPrefix) { tokens, part in
            switch part {
            case .token(let id): tokens.append(id)
            case .text(let text): tokens += encode(text, findsSpecialTokens: false)
            }
        }
    }

    /// A problem's prompt as a model reads it.
    ///
    /// Whoever plans, samples or evaluates asks here, so that what one of them accepts no other refuses.
    /// - Parameters:
    ///   - maxTokens: room that the completion needs.
    ///   - contextLength: tokens that the model holds, prompt and completion together.
    /// - Throws: `PromptError` naming the problem.
    package func prompt(of problem: Problem, maxTokens: Int, contextLength: Int) throws(PromptError) -> [Int32] {
        let tokens = prompt(problem.prompt)
        guard !tokens.isEmpty else { throw .empty(problem: problem.id) }
        guard tokens.count + maxTokens <= contextLength else {
            throw .tooLong(problem: problem.id, tokens: tokens.count, maxTokens: maxTokens, context: contextLength)
        }
        return tokens
    }

    /// What ends a completion: the model's own tokens, for a chat model the end of its turn, and the sampling's texts.
    package func stopCondition(of model: ModelConfiguration, texts: [String] = []) -> StopCondition {
        let tokens = (model.endOfSequence.map { Int32($0) } + [chatTemplate?.endOfTurn].compactMap { $0 })
        return StopCondition(tokens: Set(tokens), texts: texts) { self.bytes(of: $0, skipSpecialTokens: true) }
    }

    /// A completion's text without special tokens, up to the first stop string.
    package func completion(_ tokens: [Int32], stopStrings: [String]) -> String {
        let text = decode(tokens, skipSpecialTokens: true)
        guard !stopStrings.isEmpty else { return text }
        // By bytes, as they are found while sampling: to `String`, the break in "\r\n" is no "\n".
        let bytes = Array(text.utf8)
        let end = stopStrings.compactMap { bytes.firstRange(of: Array($0.utf8))?.lowerBound }.min()
        return end.map { String(decoding: bytes[..<$0], as: UTF8.self) } ?? text
    }

    /// A problem's correct answer as a model would write it: what ends an answer is part of it, as it is in training.
    ///
    /// - Parameter prompt: of the problem, in tokens.
    /// - Throws: `PromptError` if the two do not fit into the context together.
    package func reference(
        of problem: Problem, after prompt: [Int32], model: ModelConfiguration
    ) throws(PromptError) -> [Int32] {
        let end = chatTemplate?.endOfTurn ?? model.endOfSequence.first.map { Int32($0) }
        let answer = encode(problem.reference ?? "", findsSpecialTokens: chatTemplate == nil) + [end].compactMap { $0 }
        let count = prompt.count + answer.count
        guard count <= model.contextLength else {
            throw .referenceTooLong(problem: problem.id, tokens: count, context: model.contextLength)
        }
        return answer
    }
}
