/// A verifier's verdict on a completion.
package enum Outcome: String, Sendable, Codable, CaseIterable {
    case right
    case wrong
    /// The completion ended by itself without an answer in the requested form.
    case noAnswer = "no-answer"
    /// The token limit ended the completion before its answer, or inside its program.
    case cutOff = "cut-off"
}

/// The judgement of one completion. *Missing* is not a reward: such a sample is never averaged as 0 or −1.
package enum Reward: Sendable, Equatable {
    case judged(Outcome)
    case missing(reason: String)
    /// No judgement was requested: for the answer of a first pass, or a reference that was only scored.
    case unjudged

    /// +1 if right, −1 otherwise; nil without a judgement.
    /// - Source: arXiv 2501.06252, section 3.2.
    package var value: Float? {
        switch self {
        case .judged(.right): 1
        case .judged: -1
        case .missing, .unjudged: nil
        }
    }

    /// The reason why the reward is missing; nil if it is judged or unjudged.
    package var missingReason: String? { if case .missing(let reason) = self { reason } else { nil } }
}
