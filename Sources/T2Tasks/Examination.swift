import T2Core

/// What a verifier says of one completion, and why.
package struct Examination: Sendable, Equatable {
    package let reward: Reward
    /// What was taken for the answer; nil if nothing was.
    package let extracted: String?
    /// Why the reward is not `right`; nil if it is.
    package let reason: String?

    static func right(_ extracted: String?) -> Examination {
        Examination(reward: .judged(.right), extracted: extracted, reason: nil)
    }

    static func judged(_ outcome: Outcome, _ extracted: String? = nil, reason: String?) -> Examination {
        Examination(reward: .judged(outcome), extracted: extracted, reason: outcome == .right ? nil : reason)
    }

    /// Nothing was to be judged.
    static var unjudged: Examination { Examination(reward: .unjudged, extracted: nil, reason: nil) }

    static func missing(_ reason: String, extracted: String? = nil) -> Examination {
        Examination(reward: .missing(reason: reason), extracted: extracted, reason: reason)
    }

    /// No answer was found where one was sought.
    static func nothing(_ submission: Submission, sought: String) -> Examination {
        submission.finished
            ? .judged(.noAnswer, reason: "found no \(sought)")
            : .judged(.cutOff, reason: "the token limit came before any \(sought)")
    }
}
