import T2Core
import T2Model
import T2Text

/// Completes one prompt, token by token.
package struct Generation {
    package struct Completion: Sendable, Equatable {
        /// Special tokens left out.
        package let text: String
        /// The end-of-sequence token included when it was sampled.
        package let tokens: [Int32]
        /// Natural logarithm, one per token, under the distribution it was drawn from; greedy choices at temperature 1.
        package let logProbabilities: [Float]
        /// True if the model ended it, false if a limit or the caller did.
        package let finished: Bool
    }

    private let sampler: Sampler
    private let tokenizer: Tokenizer
    private let execution: Execution
    private let expert: Int32
    private let stop: StopCondition

    /// - Parameter lane: used by nobody else meanwhile.
    /// - Parameter expert: row of the scale table, in factored execution.
    package init(_ lane: ModelLane, tokenizer: Tokenizer, execution: Execution, expert: Int32 = 0) {
        sampler = lane.sampler
        self.tokenizer = tokenizer
        self.execution = execution
        self.expert = expert
        stop = tokenizer.stopCondition(of: lane.transformer.model.configuration)
    }

    /// - Parameters:
    ///   - seed: the same seed gives the same completion.
    ///   - onText: receives the text as it becomes certain, never half a character; returns false to stop.
    /// - Throws: `InputError` if the prompt is empty or leaves no room in the context; `ModelError` if the model computes NaN.
    package func complete(
        _ prompt: [Int32], _ sampling: Sampling, seed: UInt64, onText: (String) -> Bool
    ) throws -> Completion {
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        var text = ""
        let request = SampleRequest(prompt: prompt, random: SeededRandom(seed: seed), expert: expert)
        let sampled = try sampler.sample([request], execution, sampling, stop: stop) { _, token in
            let piece = decoder.append(token)
            text += piece
            return onText(piece)
        }[0]
        let rest = decoder.finish()
        text += rest
        if !rest.isEmpty { _ = onText(rest) }
        return Completion(
            text: text, tokens: sampled.tokens, logProbabilities: sampled.logProbabilities, finished: sampled.finished)
    }
}
