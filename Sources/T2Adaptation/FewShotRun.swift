import T2Core
import T2Learning

/// A few-shot search whose candidates are evaluated here.
///
/// - Source: arXiv 2501.06252, section 3.3.
package struct FewShotRun {
    private let mixture: MixtureParameterisation
    private let evaluator: CandidateEvaluator
    private let settings: FewShotSearch.Settings
    private let shots: Int

    package init(
        _ mixture: MixtureParameterisation, evaluator: CandidateEvaluator, shots: Int, settings: FewShotSearch.Settings
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
        gradient: MixtureGradient?, isCancelled: () -> Bool = { false },
        onIteration: (FewShotSearch.Iteration) -> Void = { _ in }
    ) throws -> FewShotSearch.Outcome {
        try settings.check()
        switch settings.method {
        case .cem, .random: return try search(isCancelled, onIteration)
        case .gradient:
            guard let gradient else { preconditionFailure("the gradient method needs a gradient") }
            return try climb(gradient, isCancelled, onIteration)
        }
    }

    private func search(_ isCancelled: () -> Bool, _ onIteration: (FewShotSearch.Iteration) -> Void) throws
        -> FewShotSearch.Outcome
    {
        var search = try PopulationSearch(mixture, shots: shots, settings: settings)
        while !search.isFinished && !isCancelled() {
            let candidates = search.candidates
            let right = try evaluator.rightAnswers(candidates)
            let likelihoods = try evaluator.logLikelihoods(search.undecided(right).map { candidates[$0] })
            onIteration(search.update(right: right, logLikelihoods: likelihoods))
        }
        return try search.progress.outcome(isCancelled: isCancelled())
    }

    private func climb(
        _ gradient: MixtureGradient, _ isCancelled: () -> Bool, _ onIteration: (FewShotSearch.Iteration) -> Void
    ) throws -> FewShotSearch.Outcome {
        let optimizer = try AdamW()
        var alpha = mixture.initial.map { Float($0) }
        var state = AdamW.State(count: alpha.count)
        var progress = FewShotSearch.Progress()
        var best: (alpha: [Double], score: CoefficientScore)?
        while progress.iterations.count < settings.iterations && !isCancelled() {
            let current = alpha.map(Double.init)
            let vector = mixture.vector(current)
            let score = CoefficientScore(
                right: try evaluator.rightAnswers([vector])[0],
                logLikelihood: try evaluator.logLikelihoods([vector])[0])
            let isBetter = best.map { $0.score < score } ?? true
            if isBetter { best = (current, score) }
            let isLast = progress.iterations.count + 1 == settings.iterations
            // The greedy answers count too, so that an iteration costs what one of the other methods does; the last one only
            // scores what the one before it came to.
            progress.rollouts += (isLast ? 1 : settings.population) * shots
            progress.note(
                FewShotSearch.Iteration(
                    iteration: progress.iterations.count + 1, method: .gradient, rollouts: progress.rollouts,
                    bestAlpha: best!.alpha, best: best!.score, right: [score.right], mean: current,
                    deviation: nil), isBetter: isBetter)
            onIteration(progress.iterations[progress.iterations.count - 1])
            if isLast || progress.hasStalled(settings.patience) { break }
            let slopes = try gradient.run(
                vector, iteration: progress.iterations.count - 1, samplesPerShot: settings.population - 1)
            optimizer.step(
                parameters: &alpha,
                gradient: mixture.parameterGradient(current, vectorGradient: slopes).map { Float($0) },
                learningRate: MixtureGradient.learningRate, state: &state)
            alpha = alpha.map {
                min(Float(CrossEntropyMethod.range.upperBound), max(Float(CrossEntropyMethod.range.lowerBound), $0))
            }
        }
        return try progress.outcome(isCancelled: isCancelled())
    }
}
