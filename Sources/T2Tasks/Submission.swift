import T2Core

/// A completion and the problem it answers.
package struct Submission: Sendable {
    package let problem: Problem
    /// The completion's text, without the end-of-sequence token and without a stop string at its end.
    package let completion: String
    /// False if it was cut off at the token limit.
    package let finished: Bool

    package init(problem: Problem, completion: String, finished: Bool) {
        self.problem = problem
        self.completion = completion
        self.finished = finished
    }
}
