/// How completions are drawn.
package struct Sampling: Sendable, Equatable, Codable {
    /// 0 is greedy. Otherwise logits are divided by it before sampling *and* before scoring.
    package var temperature: Float
    /// Keep the k most likely tokens; nil keeps all. Refused in training: the scored distribution would differ.
    package var topK: Int?
    /// Keep the smallest set of tokens whose probability reaches p; nil keeps all. Refused in training.
    package var topP: Float?
    /// Tokens of a completion at most, the end-of-sequence token included.
    package var maxTokens: Int
    /// Strings that end a completion; they and what follows are no part of its text.
    package var stopStrings: [String]

    package init(
        temperature: Float, topK: Int? = nil, topP: Float? = nil, maxTokens: Int, stopStrings: [String] = []
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.maxTokens = maxTokens
        self.stopStrings = stopStrings
    }
}
