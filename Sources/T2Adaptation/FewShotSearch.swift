import T2Core
import T2Learning

/// Finds the mixing coefficients α that answer a few labelled examples best.
///
/// - Source: arXiv 2501.06252, section 3.3.
package struct FewShotSearch {
    package enum Method: String, Sendable, Codable, CaseIterable {
        /// The cross-entropy method.
        case cem
        /// The policy gradient on α, through z = Σ α z.
        case gradient
        /// Uniformly drawn α: the control.
        case random
    }

    package struct Settings: Sendable {
        package var method = Method.cem
        package var population = 32
        package var eliteRatio = 0.2
        package var iterations = 50
        /// Iterations without a better candidate after which the search ends; it ends too when its candidates have converged.
        /// Nil lets it run through all iterations.
        package var patience: Int? = 10
        package var seed: UInt64 = 0

        package init() {}
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
    }

    package struct Outcome: Sendable {
        package let alpha: [Double]
        package let score: CoefficientScore
        package let iterations: [Iteration]
        /// Why it ended before the last iteration; nil if it did not.
        package let endedEarly: String?
    }

    private let mixture: MixtureParameterisation
    private let evaluator: CandidateEvaluator
    private let settings: Settings
    private let shots: Int

    package init(
        _ mixture: MixtureParameterisation, evaluator: CandidateEvaluator, shots: Int, settings: Settings
    ) {
        self.mixture = mixture
        self.evaluator = evaluator
        self.shots = shots
        self.settings = settings
    }

    /// - Parameters:
    ///   - gradient: ∂J/∂α at an α and the completions that it took; called for the method of that name alone.
    ///   - isCancelled: asked between iterations; what was found until then is returned.
    /// - Throws: `LearningError.configuration` for settings out of range; what the evaluation throws.
    package func run(
        gradient: MixtureGradient?, isCancelled: () -> Bool = { false }, onIteration: (Iteration) -> Void = { _ in }
    ) throws -> Outcome {
        guard settings.iterations >= 1 else {
            throw LearningError.configuration(
                keys: "iterations", problem: "is \(settings.iterations), expected 1 or more", remedy: "Published: 50.")
        }
        switch settings.method {
        case .cem, .random: return try search(isCancelled, onIteration)
        case .gradient:
            guard let gradient else { preconditionFailure("the gradient method needs a gradient") }
            return try climb(gradient, isCancelled, onIteration)
        }
    }

    private func search(_ isCancelled: () -> Bool, _ onIteration: (Iteration) -> Void) throws -> Outcome {
        var proposal = CrossEntropyMethod.Settings()
        proposal.proposal = settings.method == .random ? .random : .crossEntropy
        proposal.population = settings.population
        proposal.eliteRatio = settings.eliteRatio
        proposal.seed = settings.seed
        var method = try CrossEntropyMethod(start: mixture.initial, settings: proposal)
        var progress = Progress()
        while progress.iterations.count < settings.iterations && !isCancelled() {
            let candidates = method.candidates().map(mixture.vector)
            let right = try evaluator.rightAnswers(candidates)
            let undecided = method.undecided(right)
            var scores = right.map { CoefficientScore(right: $0) }
            let likelihoods = try evaluator.logLikelihoods(undecided.map { candidates[$0] })
            for (index, value) in zip(undecided, likelihoods) {
                scores[index] = CoefficientScore(right: right[index], logLikelihood: value)
            }
            let isBetter = method.update(scores)
            guard let best = method.best else { preconditionFailure("an update leaves a best candidate") }
            progress.rollouts += candidates.count * shots
            progress.note(
                Iteration(
                    iteration: method.iteration, method: settings.method, rollouts: progress.rollouts,
                    bestAlpha: best.alpha, best: best.score, right: right, mean: method.mean,
                    deviation: settings.method == .cem ? method.deviation : nil), isBetter: isBetter)
            onIteration(progress.iterations[progress.iterations.count - 1])
            if settings.method == .cem && settings.patience != nil && method.hasConverged {
                progress.end = "the candidates have converged"
                break
            }
            if progress.hasStalled(settings.patience) { break }
        }
        return try outcome(progress, isCancelled())
    }

    private func climb(
        _ gradient: MixtureGradient, _ isCancelled: () -> Bool, _ onIteration: (Iteration) -> Void
    ) throws -> Outcome {
        let optimizer = try AdamW()
        var alpha = mixture.initial.map { Float($0) }
        var state = AdamW.State(count: alpha.count)
        var progress = Progress()
        var best: (alpha: [Double], score: CoefficientScore)?
        while progress.iterations.count < settings.iterations && !isCancelled() {
            let current = alpha.map(Double.init)
            let vector = mixture.vector(current)
            let score = CoefficientScore(
                right: try evaluator.rightAnswers([vector])[0],
                logLikelihood: try evaluator.logLikelihoods([vector])[0])
            let isBetter = best.map { $0.score < score } ?? true
            if isBetter { best = (current, score) }
            // The greedy answers count too, so that an iteration costs what one of the other methods does.
            let slopes = try gradient.run(
                vector, iteration: progress.iterations.count, samplesPerShot: settings.population - 1)
            optimizer.step(
                parameters: &alpha,
                gradient: mixture.parameterGradient(current, vectorGradient: slopes).map { Float($0) },
                learningRate: MixtureGradient.learningRate, state: &state)
            alpha = alpha.map {
                min(Float(CrossEntropyMethod.range.upperBound), max(Float(CrossEntropyMethod.range.lowerBound), $0))
            }
            progress.rollouts += settings.population * shots
            progress.note(
                Iteration(
                    iteration: progress.iterations.count + 1, method: .gradient, rollouts: progress.rollouts,
                    bestAlpha: best!.alpha, best: best!.score, right: [score.right], mean: alpha.map(Double.init),
                    deviation: nil), isBetter: isBetter)
            onIteration(progress.iterations[progress.iterations.count - 1])
            if progress.hasStalled(settings.patience) { break }
        }
        return try outcome(progress, isCancelled())
    }

    private struct Progress {
        private(set) var iterations: [Iteration] = []
        private var sinceBetter = 0
        var rollouts = 0
        /// Why it ended before the last iteration.
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
    }

    private func outcome(_ progress: Progress, _ isCancelled: Bool) throws -> Outcome {
        guard let last = progress.iterations.last else {
            throw InputError(
                "few-shot search", "it was stopped before its first iteration ended", remedy: "Run it again.",
                exitStatus: .tryAgain)
        }
        return Outcome(
            alpha: last.bestAlpha, score: last.best, iterations: progress.iterations,
            endedEarly: isCancelled ? "stopped" : progress.end)
    }
}
