import T2Core
import T2Model

/// One sampled completion, before it is judged.
package struct Rollout: Sendable, Equatable {
    package let problem: Problem
    /// The problem's place in the step; with `sample` it names the random stream.
    package let problemNumber: Int
    package let sample: Int
    package let prompt: [Int32]
    /// The end-of-sequence token included when it was sampled.
    package let tokens: [Int32]
    /// Natural logarithm, under the distribution the tokens were sampled from.
    package let logProbabilities: [Float]
    package let completion: String
    /// False if the token limit cut it off.
    package let finished: Bool

    /// What was sampled is what is scored: token ids, never text.
    var sequence: ScoredSequence { ScoredSequence(prompt: prompt, completion: tokens) }
}
