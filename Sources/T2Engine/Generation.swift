import T2Core
import T2Model
import T2Text

/// Completes one prompt, token by token.
package struct Generation {
    private let sampler: Sampler
    private let tokenizer: Tokenizer
    private let execution: Execution
    private let expert: Int32
    private let stop: StopCondition

    /// - Parameters:
    ///   - lane: must not be used for anything else at the same time.
    ///   - expert: the row of the scale table, in factored execution.
    package init(_ lane: Lane, tokenizer: Tokenizer, execution: Execution, expert: Int32 = 0) {
        sampler = lane.sampler
        self.tokenizer = tokenizer
        self.execution = execution
        self.expert = expert
        stop = tokenizer.stopCondition(of: lane.transformer.model.configuration)
    }

    /// The completion with its text, without special tokens. The finish reason is `length` if a limit or the caller ended it.
    ///
    /// - Parameters:
    ///   - seed: the same seed gives the same completion.
    ///   - onText: receives the text in whole characters; returns false to stop.
    /// - Throws: `InputError` if the prompt is empty or leaves no room in the context; `ModelError` if the model computes NaN.
    package func complete(
        _ prompt: [Int32], _ sampling: Sampling, seed: UInt64, onText: (String) -> Bool
    ) throws -> Completion {
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        var text = ""
        let request = SampleRequest(prompt: prompt, random: SeededRandom(seed: seed, .generation), expert: expert)
        var completion = try sampler.sample([request], execution, sampling, stop: stop) { _, token in
            let piece = decoder.append(token)
            text += piece
            return onText(piece)
        }[0]
        let rest = decoder.finish()
        text += rest
        if !rest.isEmpty { _ = onText(rest) }
        completion.text = text
        return completion
    }
}
