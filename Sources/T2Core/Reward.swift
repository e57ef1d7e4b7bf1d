/// What a verifier found in a completion.
package enum Outcome: String, Sendable, Codable, CaseIterable {
    case right
    case wrong
    /// The completion ended by itself and holds no answer in the form asked for.
    case noAnswer = "no-answer"
    /// The token limit ended the completion before its answer, or inside its program.
    case cutOff = "cut-off"
}

/// The judgement of one completion. *Missing* is not a reward: such a sample is never averaged as 0 or −1.
package enum Reward: Sendable, Equatable {
    case judged(Outcome)
    case missing(reason: String)

    /// +1 if right, else −1; nil when missing.
    /// - Source: arXiv 2501.06252, section 3.2.
    package var value: Float? {
        switch self {
        case .judged(.right): 1
        case .judged: -1
        case .missing: nil
        }
    }
}
