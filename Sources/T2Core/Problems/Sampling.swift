/// The settings for drawing completions.
package struct Sampling: Sendable, Equatable, Codable {
    /// 0 is greedy. Any other value divides the logits before sampling *and* before scoring.
    package var temperature: Float
    /// Keeps the k most likely tokens; nil keeps all. Training refuses it because the scored distribution would differ.
    package var topK: Int?
    /// Keeps the smallest set of tokens whose probability reaches p; nil keeps all. Training refuses it.
    package var topP: Float?
    /// The largest number of tokens in a completion, including the end-of-sequence token.
    package var maxTokens: Int
    /// Strings that end a completion. Its text stops before them.
    package var stopStrings: [String]

    package init(temperature: Float, topK: Int? = nil, topP: Float? = nil, maxTokens: Int, stopStrings: [String] = []) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.maxTokens = maxTokens
        self.stopStrings = stopStrings
    }
}
