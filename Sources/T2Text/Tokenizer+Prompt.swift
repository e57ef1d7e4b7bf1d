import T2Core

extension Tokenizer {
    /// A problem's prompt as a model reads it: the tokenizer's own prefix, then the text.
    ///
    /// Whoever plans, samples or evaluates asks here, so that what one of them accepts no other refuses.
    /// - Parameters:
    ///   - maxTokens: room that the completion needs.
    ///   - contextLength: tokens that the model holds, prompt and completion together.
    /// - Throws: `PromptError` naming the problem.
    package func prompt(of problem: Problem, maxTokens: Int, contextLength: Int) throws(PromptError) -> [Int32] {
        let tokens = promptPrefix + encode(problem.prompt)
        guard !tokens.isEmpty else { throw .empty(problem: problem.id) }
        guard tokens.count + maxTokens <= contextLength else {
            throw .tooLong(problem: problem.id, tokens: tokens.count, maxTokens: maxTokens, context: contextLength)
        }
        return tokens
    }

    /// A problem's correct answer as a model would write it: what ends an answer is part of it, as it is in training.
    package func reference(of problem: Problem, stopTokens: Set<Int32>) -> [Int32] {
        encode(problem.reference ?? "") + (stopTokens.min().map { [$0] } ?? [])
    }
}
