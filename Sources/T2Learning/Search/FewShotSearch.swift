import T2Core

/// A search for the mixing coefficients α on its way. It is pure: the next computation follows from the numbers so far.
package protocol MixtureSearch: Sendable {
    var progress: FewShotSearch.Progress { get }
    var isFinished: Bool { get }
    /// z of each candidate of this iteration.
    var candidates: [ExpertVector] { get }
}

/// The search for the mixing coefficients α that answer a few labelled examples best: its settings and its results.
///
/// - Source: arXiv 2501.06252, section 3.3.
package enum FewShotSearch {
    package enum Method: String, Sendable, Codable, CaseIterable {
        /// The cross-entropy method.
        case cem
        /// The policy gradient on α, through z = Σ α z.
        case gradient
        /// Uniformly drawn α: the control.
        case random
    }

    package struct Settings: Sendable, Equatable, Codable {
        package var method = Method.cem
        /// The number of candidates of an iteration, including the incumbent.
        package var population = 32
        /// The share of the population that the next mean and deviation are taken from.
        package var eliteRatio = 0.2
        package var iterations = 50
        /// The number of iterations without a better candidate after which the search ends; it also ends when its candidates
        /// have converged. Nil lets it run through all iterations.
        package var patience: Int? = 10
        package var seed: UInt64 = 0

        package init() {}

        /// At least two: one would leave no deviation to draw the next candidates with.
        package var eliteCount: Int { max(2, Int((Double(population) * eliteRatio).rounded())) }

        /// - Throws: `LearningError.configuration` if `iterations` is out of range.
        func check() throws(LearningError) {
            try LearningError.require(iterations >= 1, "iterations", iterations, "1 or more", remedy: "Published: 50.")
        }
    }

    /// One iteration, as it is written to the trace.
    package struct Iteration: Sendable, Equatable, Codable {
        /// Counted from 1.
        package let iteration: Int
        package let method: Method
        /// The number of completions sampled so far, including this iteration's.
        package let rollouts: Int
        /// The best α so far, and its score.
        package let bestAlpha: [Double]
        package let best: CoefficientScore
        /// The number of right answers of each candidate of this iteration.
        package let right: [Int]
        /// The mean and the deviation of the next proposals; for `gradient`, the current α without a deviation.
        package let mean: [Double]
        package let deviation: [Double]?
    }

    package struct Solution: Sendable {
        package let alpha: [Double]
        package let score: CoefficientScore
        package let iterations: [Iteration]
        /// The reason why it ended before the last iteration; nil if it did not.
        package let endedEarly: String?
    }

    /// The iterations so far.
    package struct Progress: Sendable {
        package private(set) var iterations: [Iteration] = []
        private var sinceBetter = 0
        var rollouts = 0
        /// The reason why it ended before the last iteration.
        var end: String?

        mutating func note(_ iteration: Iteration, isBetter: Bool) {
            iterations.append(iteration)
            sinceBetter = isBetter ? 0 : sinceBetter + 1
        }

        mutating func hasStalled(_ patience: Int?) -> Bool {
            guard let patience, sinceBetter >= patience else { return false }
            end = "no better candidate for \(patience) iterations"
            return true
        }

        /// - Throws: `InputError` (try again) if no iteration has ended.
        package func solution(isCancelled: Bool) throws -> Solution {
            guard let last = iterations.last else {
                throw InputError(
                    "few-shot search", "it was stopped before its first iteration ended", remedy: "Run it again.",
                    exitStatus: .tryAgain)
            }
            return Solution(
                alpha: last.bestAlpha, score: last.best, iterations: iterations,
                endedEarly: isCancelled ? "stopped" : end)
        }
    }
}
