/// How good a candidate α is on the shots: the number of right answers decides, and between equals the likelihood of the correct
/// answers.
package struct CoefficientScore: Sendable, Equatable, Comparable, Codable {
    /// Shots answered right.
    package let right: Int
    /// Mean over the shots of log π(correct answer), nats; nil where nobody needed it.
    package let logLikelihood: Double?

    package init(right: Int, logLikelihood: Double? = nil) {
        self.right = right
        self.logLikelihood = logLikelihood
    }

    package static func < (a: CoefficientScore, b: CoefficientScore) -> Bool {
        (a.right, a.logLikelihood ?? -.infinity) < (b.right, b.logLikelihood ?? -.infinity)
    }
}
