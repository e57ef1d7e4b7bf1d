/// Makes a lease one of a search: its vector is a stack of candidates, and sample s of every problem is candidate s's.
package struct CandidateSpecification: Sendable, Equatable, Codable {
    package enum Question: String, Sendable, Codable {
        /// Greedy answers, judged.
        case answers
        /// The log-probabilities of the problems' references, which count as right.
        case references
    }

    package var count: Int
    package var question: Question

    package init(count: Int, question: Question) {
        self.count = count
        self.question = question
    }
}
