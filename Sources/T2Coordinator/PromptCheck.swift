import T2Core
import T2Text

/// Every prompt of a run tokenised: each leaves room for its completion.
package struct PromptCheck: Sendable {
    package let count: Int
    /// Tokens of the longest prompt.
    package let longest: Int

    /// - Throws: `PromptError` for the longest of the prompts that do not fit, so that its remedy helps with all of them.
    package init(_ problems: [Problem], _ tokenizer: Tokenizer, maxTokens: Int, contextLength: Int) throws {
        var longest = 0
        var refusals: [PromptError] = []
        for problem in problems {
            do throws(PromptError) {
                let tokens = try tokenizer.prompt(of: problem, maxTokens: maxTokens, contextLength: contextLength)
                longest = max(longest, tokens.count)
            } catch {
                refusals.append(error)
            }
        }
        if let worst = refusals.max(by: { $0.tokens < $1.tokens }) { throw worst }
        count = problems.count
        self.longest = longest
    }
}
