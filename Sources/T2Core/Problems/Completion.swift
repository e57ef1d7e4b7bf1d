/// The reason why a completion ended.
package enum FinishReason: String, Sendable, Codable {
    /// A stop token or a stop string.
    case stop
    /// The token limit, or the end of the context.
    case length
}

/// One completion, from the sampler to the journal.
///
/// The sampler fills in the tokens; the engine adds the problem, the text, the reward and the advantage.
package struct Completion: Sendable, Equatable {
    /// The problem's identifier; empty for a prompt that belongs to no task.
    package var problem = ""
    /// The problem's index in its round. Together with `sample` it selects the random stream.
    package var problemIndex = 0
    package var sample = 0
    /// The index of its policy in the unit's `policies`.
    package var policy = 0
    /// Prompt token identifiers, as the model read them.
    package var prompt: [Int32]
    /// Completion token identifiers, the stop token included when it was sampled.
    package var tokens: [Int32]
    /// The natural log-probability of each token under the distribution that it was sampled from.
    package var logProbabilities: [Float]
    /// The decoded tokens without the stop token or a stop string at the end.
    package var text = ""
    package var finishReason: FinishReason
    package var reward = Reward.unjudged
    /// What the verifier found and missed, for people who wonder about the reward; nil unless it is judged.
    package var grounds: String?
    /// 0 if no gradient was requested.
    package var advantage: Float = 0

    package init(
        prompt: [Int32], tokens: [Int32] = [], logProbabilities: [Float] = [], finishReason: FinishReason = .length
    ) {
        self.prompt = prompt
        self.tokens = tokens
        self.logProbabilities = logProbabilities
        self.finishReason = finishReason
    }
}
