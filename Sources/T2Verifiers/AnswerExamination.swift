import Foundation
import T2Core

/// Judges completions by their text alone, without starting a process.
package enum AnswerExamination {
    /// - Returns: nil for a program or an external command, which only another process can judge.
    package static func examine(_ submission: Submission) -> Examination? {
        let completion = submission.completion
        switch submission.problem.verification {
        case .number(let answer):
            return compare(
                NumberAnswer(inCompletion: completion), with: NumberAnswer(answer), answer, \.text, submission,
                sought: "number after ####, in \\boxed{} or after \"answer is\"")
        case .boxed(let answer):
            return compare(
                BoxedAnswer(inCompletion: completion), with: BoxedAnswer(inCompletion: "\\boxed{\(answer)}"), answer,
                \.content, submission, sought: "\\boxed{}")
        case .latex(let answer):
            return compare(
                LatexAnswer(inCompletion: completion), with: LatexAnswer(answer), answer, \.text, submission,
                sought: "\\boxed{}")
        case .choice(let answer, let options):
            return compare(
                ChoiceAnswer(inCompletion: completion, options: options), with: ChoiceAnswer(answer), answer,
                { "\($0.letter)" }, submission, sought: "option after \"answer is\"")
        case .exact(let answer): return exact(answer, submission)
        case .regex(let pattern): return match(pattern, submission)
        case .unverified: return .unjudged
        case .program, .external: return nil
        }
    }

    private static func compare<Answer: Equatable>(
        _ found: Answer?, with expected: Answer?, _ gold: String, _ text: (Answer) -> String, _ submission: Submission,
        sought: String
    ) -> Examination {
        guard let expected else { return .missing("the problem's own answer '\(gold.prefix(80))' cannot be read") }
        guard let found else { return .nothing(submission, sought: sought) }
        return found == expected
            ? .right(text(found)) : .judged(.wrong, text(found), reason: "expected \(gold.prefix(200))")
    }

    private static func exact(_ answer: String, _ submission: Submission) -> Examination {
        let found = submission.completion.trimmingCharacters(in: .whitespacesAndNewlines)
        if found == answer.trimmingCharacters(in: .whitespacesAndNewlines) { return .right(found) }
        // A completion that was cut off is only the beginning of an answer.
        if found.isEmpty || !submission.finished { return .nothing(submission, sought: "whole answer") }
        return .judged(.wrong, found, reason: "expected \(answer.prefix(200))")
    }

    private static func match(_ pattern: String, _ submission: Submission) -> Examination {
        do {
            if let found = try TextPattern(pattern).firstMatch(in: submission.completion) { return .right(found) }
        } catch {
            return .missing(error.description)
        }
        let isEmpty = submission.completion.allSatisfy(\.isWhitespace)
        if isEmpty || !submission.finished { return .nothing(submission, sought: "match of the pattern") }
        return .judged(.wrong, reason: "the pattern does not match")
    }
}
