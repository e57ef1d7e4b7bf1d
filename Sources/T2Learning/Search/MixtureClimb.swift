import T2Core

/// A search of α by the policy gradient, through z = Σ α z. Pure: what is computed next follows from the numbers so far.
///
/// An iteration: z of the current α is scored on the shots, `score` takes that; unless the search has ended, the gradient of
/// several samples of each shot is taken, and `step` moves α along it.
/// - Source: arXiv 2501.06252, section 3.3.
package struct MixtureClimb: Sendable {
    /// AdamW's learning rate for α, whose values lie in 0…1.
    package static let learningRate = 0.05
    /// The temperature at which the gradient's completions are sampled.
    package static let temperature: Float = 1

    private let mixture: MixtureParameterisation
    private let settings: FewShotSearch.Settings
    private let shots: Int
    private let optimizer: AdamW
    private var alpha: [Float]
    private var state: AdamW.State
    private var best: (alpha: [Double], score: CoefficientScore)?
    package private(set) var progress = FewShotSearch.Progress()
    package private(set) var isFinished = false

    /// - Throws: `LearningError.configuration` for settings out of range.
    package init(_ mixture: MixtureParameterisation, shots: Int, settings: FewShotSearch.Settings) throws(LearningError)
    {
        try settings.check()
        self.mixture = mixture
        self.shots = shots
        self.settings = settings
        optimizer = try AdamW()
        alpha = mixture.initial.map { Float($0) }
        state = AdamW.State(count: alpha.count)
    }

    private var current: [Double] { alpha.map(Double.init) }

    /// z of the current α.
    package var vector: ExpertVector { mixture.vector(current) }

    /// Samples of each shot that the gradient is taken of. With the greedy answers an iteration costs what one of the other
    /// methods does.
    package var samplesPerShot: Int { settings.population - 1 }

    /// Takes the score of the current α.
    package mutating func score(_ score: CoefficientScore) -> FewShotSearch.Iteration {
        let isBetter = best.map { $0.score < score } ?? true
        if isBetter { best = (current, score) }
        let isLast = progress.iterations.count + 1 == settings.iterations
        // The last iteration only scores what the one before it came to.
        progress.rollouts += (isLast ? 1 : settings.population) * shots
        let iteration = FewShotSearch.Iteration(
            iteration: progress.iterations.count + 1, method: .gradient, rollouts: progress.rollouts,
            bestAlpha: best!.alpha, best: best!.score, right: [score.right], mean: current, deviation: nil)
        progress.note(iteration, isBetter: isBetter)
        isFinished = isLast || progress.hasStalled(settings.patience)
        return iteration
    }

    /// Moves α along the gradient.
    ///
    /// - Parameter gradient: of the loss with respect to z, in the layout of the experts.
    package mutating func step(_ gradient: ExpertVector) {
        let slopes = mixture.parameterGradient(current, vectorGradient: gradient).map { Float($0) }
        optimizer.step(parameters: &alpha, gradient: slopes, learningRate: Self.learningRate, state: &state)
        let range = CrossEntropyMethod.range
        alpha = alpha.map { min(Float(range.upperBound), max(Float(range.lowerBound), $0)) }
    }
}
