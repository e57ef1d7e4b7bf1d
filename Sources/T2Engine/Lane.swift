import T2Core
import T2Model
import T2Numerics
import T2Text

/// The scratch memory with which one thread runs a model; all lanes share the weights. Only one thread at a time may use a lane.
package final class Lane {
    package let transformer: Transformer
    package private(set) lazy var sampler = Sampler(transformer)
    package private(set) lazy var gradients = GradientRunner(transformer)

    package init(_ base: BaseModel) { transformer = Transformer(base) }

    /// - Throws: `InputError` if the system refuses the threads.
    package init(_ base: BaseModel, threads: Int) throws {
        transformer = Transformer(base, threads == 1 ? .alone : try ThreadTeam(count: threads))
    }

    /// Completes one prompt, token by token. The text is without special tokens; the finish reason is `length` if a limit or the
    /// caller ended it.
    ///
    /// - Parameters:
    ///   - seed: the same seed gives the same completion.
    ///   - onText: receives the text in whole characters; returns false to stop.
    /// - Throws: `InputError` if the prompt is empty or leaves no room in the context; `ModelError` if the model computes NaN.
    package func complete(
        _ prompt: [Int32], _ execution: Execution, _ sampling: Sampling, tokenizer: Tokenizer, seed: UInt64,
        onText: (String) -> Bool
    ) throws -> Completion {
        let stop = tokenizer.stopCondition(of: transformer.model.configuration)
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        var text = ""
        let request = SampleRequest(prompt: prompt, random: SeededRandom(seed: seed, .generation))
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
