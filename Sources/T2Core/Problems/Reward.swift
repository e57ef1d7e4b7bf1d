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

extension Reward {
    /// The largest length of a reason, in Unicode scalars; every result and every log line carries it.
    private static let reasonLength = 500

    /// The same reward with a reason of bounded length.
    package var withShortReason: Reward {
        guard let reason = missingReason, reason.unicodeScalars.count > Self.reasonLength else { return self }
        return .missing(reason: String(String.UnicodeScalarView(reason.unicodeScalars.prefix(Self.reasonLength))))
    }
}

extension [String: Int] {
    /// The largest number of reasons that are told apart.
    private static let reasonCount = 8

    /// Counts a missing reward by its reason. A dictionary holds a bounded number of reasons; others count together.
    package mutating func count(missing reason: String) {
        let isListed = self[reason] != nil || count < Self.reasonCount
        self[isListed ? reason : "other reasons", default: 0] += 1
    }
}
