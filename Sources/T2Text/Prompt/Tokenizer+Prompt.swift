import T2Core

extension Tokenizer {
    /// The tokens of a prompt: the tokenizer's own prefix, then the text, which becomes the user's turn for a chat
    /// model.
    ///
    /// In a prompt for a chat model, special tokens in the text count as ordinary characters, so that no problem can
    /// end the user's turn.
    package func prompt(_ text: String) -> [Int32] {
        guard let chatTemplate else { return promptPrefix + encode(text) }
        return chatTemplate.parts(user: text).reduce(into: promptPrefix) { tokens, part in
            switch part {
            case .token(let id): tokens.append(id)
            case .text(let text): tokens += encode(text, findsSpecialTokens: false)
            }
        }
    }

    /// The tokens of a problem's prompt.
    ///
    /// Planning, sampling and evaluation all call this method, so that they accept the same problems.
    /// - Parameters:
    ///   - maxTokens: the tokens that the completion may have.
    ///   - contextLength: the tokens that the model can hold, prompt and completion together.
    /// - Throws: `PromptError`, with the problem's name, if the prompt is empty or too long.
    package func prompt(of problem: Problem, maxTokens: Int, contextLength: Int) throws(PromptError) -> [Int32] {
        let tokens = prompt(problem.prompt)
        guard !tokens.isEmpty else { throw .empty(problem: problem.id) }
        guard tokens.count + maxTokens <= contextLength else {
            throw .tooLong(problem: problem.id, tokens: tokens.count, maxTokens: maxTokens, context: contextLength)
        }
        return tokens
    }

    /// The condition that ends a completion: one of the model's end tokens, the end of the turn for a chat model, or
    /// one of the stop strings.
    package func stopCondition(of model: ModelConfiguration, texts: [String] = []) -> StopCondition {
        let tokens = model.endOfSequence.map { Int32($0) } + [chatTemplate?.endOfTurn].compactMap(\.self)
        return StopCondition(tokens: Set(tokens), texts: texts) { self.bytes(of: $0, skipSpecialTokens: true) }
    }

    /// The text of a completion without special tokens, up to the first stop string.
    package func completion(_ tokens: [Int32], stopStrings: [String]) -> String {
        let text = decode(tokens, skipSpecialTokens: true)
        guard !stopStrings.isEmpty else { return text }
        // Stop strings are compared byte by byte, as during sampling: `String` treats "\r\n" as one character, without
        // a "\n".
        let bytes = Array(text.utf8)
        let end = stopStrings.compactMap { bytes.firstRange(of: Array($0.utf8))?.lowerBound }.min()
        return end.map { String(decoding: bytes[..<$0], as: UTF8.self) } ?? text
    }

    /// The tokens of a problem's right answer as a model would write it. They include the token that ends an answer, as
    /// in training.
    ///
    /// - Parameter prompt: the tokens of the problem's prompt.
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
