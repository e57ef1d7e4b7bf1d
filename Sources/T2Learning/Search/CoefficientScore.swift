/// The quality of a candidate α on the shots: the number of right answers decides, and between equals the likelihood of the
/// correct answers.
package struct CoefficientScore: Sendable, Equatable, Comparable, Codable {
    /// The number of shots answered right.
    package let right: Int
    /// The mean over the shots of log π(correct answer), nats; nil if it was not needed.
    package let logLikelihood: Double?

    package init(right: Int, logLikelihood: Double? = nil) {
        self.right = right
        self.logLikelihood = logLikelihood
    }

    package static func < (a: CoefficientScore, b: CoefficientScore) -> Bool {
        (a.right, a.logLikelihood ?? -.infinity) < (b.right, b.logLikelihood ?? -.infinity)
    }

    /// The mean over the shots of log π(correct answer).
    ///
    /// - Shapes: log-probabilities [shots][tokens of the shot's answer], nats.
    /// - Accuracy: summed in Float64, shot by shot.
    package static func logLikelihood(_ answers: [[Float]]) -> Double {
        answers.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } } / Double(answers.count)
    }
}
