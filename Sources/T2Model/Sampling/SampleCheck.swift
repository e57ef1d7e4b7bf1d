import Algorithms
import T2Core

/// Compares given completions with what the sampler draws after the same tokens, in forward passes over whole sequences.
///
/// One machine's sampler comes to the given tokens exactly. Machines of different kinds round differently, so a token also counts as
/// the sampler's if a slightly different draw or logit would give it.
package struct SampleCheck {
    private let transformer: Transformer

    package init(_ transformer: Transformer) { self.transformer = transformer }

    /// The given tokens with their log-probabilities, in the order of the requests. A completion ends with the first token that the
    /// sampler would not have drawn, replaced by the one that it draws; where it goes on too long, with the last token before; and where it
    /// stops too early, with one more.
    ///
    /// - Parameters:
    ///   - requests: the requests that the completions answer; those of one expert are adjacent.
    ///   - given: the tokens of each completion, all of them in the vocabulary.
    ///   - onTokens: called with the number of tokens after each expert's.
    /// - Throws: `ModelError.nonFinite`.
    /// - Cost: one forward pass over every token.
    package func run(
        _ requests: [SampleRequest], _ given: [[Int32]], _ execution: Execution, _ sampling: Sampling,
        stop: StopCondition, onTokens: (Int) -> Void = { _ in }
    ) throws(ModelError) -> [Completion] {
        var completions = requests.map { Completion(prompt: $0.prompt) }
        let sequences = zip(requests, given).map { request, tokens in
            let limit = request.limit(sampling, transformer.model.configuration)
            // The model does not read the last token. One that stands for the next is equal to none.
            let next: [Int32] = tokens.count < limit && !Self.isEnded(tokens, stop) ? [-1] : []
            return ScoredSequence(prompt: request.prompt, completion: tokens.prefix(limit) + next)
        }
        var (requests, choice) = (requests, TokenChoice(sampling))
        var isOpen = requests.map { _ in true }
        var detectors = requests.map { _ in StopDetector() }
        for range in requests.indices.chunked(by: { requests[$0].expert == requests[$1].expert }) {
            let part = Array(sequences[range.first!...range.last!])
            LogProbabilities(transformer).forEachRow(part, execution, expert: requests[range.first!].expert) {
                logits, places in
                for (row, place) in places.enumerated() {
                    let index = range.first! + place.sequence
                    guard isOpen[index] else { continue }
                    let token = part[place.sequence].completion[place.position]
                    let found = choice.confirm(token, logits.row(row), logits.columns, &requests[index].random)
                    completions[index].tokens.append(found.token)
                    completions[index].logProbabilities.append(found.logProbability)
                    let isLast = detectors[index].ends(found.token, stop)
                    if isLast { completions[index].finishReason = .stop }
                    isOpen[index] = !isLast && found.token == token
                }
            }
            onTokens(part.reduce(0) { $0 + $1.completion.count })
        }
        for (index, completion) in completions.enumerated() {
            guard let position = completion.logProbabilities.firstIndex(where: { !$0.isFinite }) else { continue }
            throw .nonFinite(quantity: "the log-probability of token \(position)", location: "sample \(index)")
        }
        return completions
    }

    private static func isEnded(_ tokens: [Int32], _ stop: StopCondition) -> Bool {
        var detector = StopDetector()
        return tokens.contains { detector.ends($0, stop) }
    }
}
