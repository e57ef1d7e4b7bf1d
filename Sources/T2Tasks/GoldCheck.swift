import T2Core
import T2Verifiers

/// The problems' reference answers, judged by the verifier of completions: each must be judged right.
package struct GoldCheck: Sendable {
    package struct Failure: Sendable, Equatable {
        package let problem: String
        package let examination: Examination
    }

    /// The number of problems whose answer was judged.
    package let checked: Int
    /// The number of problems that do not determine a right completion.
    package let withoutGold: Int
    package let failures: [Failure]
    /// Judgements per second; nil if nothing was judged.
    package let rate: Double?

    /// - Cost: blocks the calling thread while programs and commands run.
    package init(_ problems: [Problem], verifier: Verifier) {
        let submissions = problems.compactMap { problem in
            Self.gold(problem).map { Submission(problem: problem, completion: $0, finished: true) }
        }
        let start = ContinuousClock.now
        let examinations = verifier.examine(submissions)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        checked = submissions.count
        rate = checked == 0 ? nil : Double(checked) / max(seconds, 1e-9)
        withoutGold = problems.count - submissions.count
        failures = zip(submissions, examinations).compactMap { submission, examination in
            examination.reward == .judged(.right)
                ? nil : Failure(problem: submission.problem.id, examination: examination)
        }
    }

    /// The reference, or else the answer in the form that the task asks for; nil if neither determines a completion.
    private static func gold(_ problem: Problem) -> String? {
        if let reference = problem.reference { return reference }
        switch problem.verification {
        case .number(let answer): return "#### \(answer)"
        case .boxed(let answer), .latex(let answer): return "\\boxed{\(answer)}"
        case .choice(let answer, _): return "The answer is (\(answer))"
        case .exact(let answer): return answer
        case .regex, .program, .external, .unverified: return nil
        }
    }
}
