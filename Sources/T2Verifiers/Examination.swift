import T2Core

/// A completion and the problem that it answers.
package struct Submission: Sendable {
    package let problem: Problem
    /// The completion's text, without the end-of-sequence token and without a stop string at its end.
    package let completion: String
    /// False if the completion was cut off at the token limit.
    package let finished: Bool

    package init(problem: Problem, completion: String, finished: Bool) {
        self.problem = problem
        self.completion = completion
        self.finished = finished
    }
}

/// The judgement of one completion with its grounds.
package struct Examination: Sendable, Equatable {
    package let reward: Reward
    /// The text that was taken for the answer; nil if there is none.
    package let extracted: String?
    /// The reason why the reward is not `right`; nil if it is.
    package let reason: String?

    /// The answer that was found and the reason, in a short text; nil unless the completion was judged.
    package var grounds: String? {
        guard case .judged = reward else { return nil }
        // A program is shown with its completion.
        let answer = extracted.flatMap { $0.contains("\n") ? nil : "found '\($0.prefix(Self.shownLength))'" }
        let parts = [answer, reason.map { String($0.prefix(Self.shownLength)) }].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private static let shownLength = 200

    /// The result for a reference that was scored instead of judged.
    package static let unjudged = Examination(reward: .unjudged, extracted: nil, reason: nil)

    package static func right(_ extracted: String?) -> Examination {
        Examination(reward: .judged(.right), extracted: extracted, reason: nil)
    }

    package static func judged(_ outcome: Outcome, _ extracted: String? = nil, reason: String?) -> Examination {
        Examination(reward: .judged(outcome), extracted: extracted, reason: outcome == .right ? nil : reason)
    }

    package static func missing(_ reason: String, extracted: String? = nil) -> Examination {
        Examination(reward: .missing(reason: reason), extracted: extracted, reason: reason)
    }

    /// The judgement of a completion in which no answer was found.
    package static func nothing(_ submission: Submission, sought: String) -> Examination {
        submission.finished
            ? .judged(.noAnswer, reason: "found no \(sought)")
            : .judged(.cutOff, reason: "the token limit came before any \(sought)")
    }
}
