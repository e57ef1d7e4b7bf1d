import T2Core

/// Finding the mixing coefficients α that answer a few labelled examples best: what it is asked, and what it tells.
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
        package var population = 32
        package var eliteRatio = 0.2
        package var iterations = 50
        /// Iterations without a better candidate after which the search ends; it ends too when its candidates have converged.
        /// Nil lets it run through all iterations.
        package var patience: Int? = 10
        package var seed: UInt64 = 0

        package init() {}

        /// - Throws: `LearningError.configuration` naming the key that is out of range.
        package func check() throws(LearningError) {
            guard iterations >= 1 else {
                throw .configuration(
                    keys: "iterations", problem: "is \(iterations), expected 1 or more", remedy: "Published: 50.")
            }
        }
    }

    /// One iteration, as it is written to the trace.
    package struct Iteration: Sendable, Equatable, Codable {
        /// Counted from 1.
        package let iteration: Int
        package let method: Method
        /// Completions sampled so far, this iteration's included.
        package let rollouts: Int
        /// The best so far.
        package let bestAlpha: [Double]
        package let best: CoefficientScore
        /// Right answers of each candidate of this iteration.
        package let right: [Int]
        /// Of the next proposals; the gradient's current α without a deviation.
        package let mean: [Double]
        package let deviation: [Double]?

        package init(
            iteration: Int, method: Method, rollouts: Int, bestAlpha: [Double], best: CoefficientScore, right: [Int],
            mean: [Double], deviation: [Double]?
        ) {
            self.iteration = iteration
            self.method = method
            self.rollouts = rollouts
            self.bestAlpha = bestAlpha
            self.best = best
            self.right = right
            self.mean = mean
            self.deviation = deviation
        }
    }

    package struct Outcome: Sendable {
        package let alpha: [Double]
        package let score: CoefficientScore
        package let iterations: [Iteration]
        /// Why it ended before the last iteration; nil if it did not.
        package let endedEarly: String?
    }

    /// The iterations so far.
    package struct Progress: Sendable {
        package private(set) var iterations: [Iteration] = []
        private var sinceBetter = 0
        package var rollouts = 0
        /// Why it ended before the last iteration.
        package var end: String?

        package init() {}

        package mutating func note(_ iteration: Iteration, isBetter: Bool) {
            iterations.append(iteration)
            sinceBetter = isBetter ? 0 : sinceBetter + 1
        }

        package mutating func hasStalled(_ patience: Int?) -> Bool {
            guard let patience, sinceBetter >= patience else { return false }
            end = "no better candidate for \(patience) iterations"
            return true
        }

        /// - Throws: `InputError` (try again) if no iteration has ended.
        package func outcome(isCancelled: Bool) throws -> Outcome {
            guard let last = iterations.last else {
                throw InputError(
                    "few-shot search", "it was stopped before its first iteration ended", remedy: "Run it again.",
                    exitStatus: .tryAgain)
            }
            return Outcome(
                alpha: last.bestAlpha, score: last.best, iterations: iterations,
                endedEarly: isCancelled ? "stopped" : end)
        }
    }
}
