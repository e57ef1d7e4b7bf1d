import T2Core

/// A search of α by the policy gradient, through z = Σ α z. Its one candidate is z of the current α.
///
/// In an iteration, the candidate is scored on the shots, and `score` takes the score; unless the search has ended, the
/// gradient of several samples of each shot is computed, and `step` moves α along it.
/// - Source: arXiv 2501.06252, section 3.3.
package struct MixtureClimb: MixtureSearch {
    /// AdamW's learning rate for α, whose values lie in 0…1.
    private static let learningRate = 0.05
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

    package var candidates: [ExpertVector] { [mixture.vector(current)] }

    /// The number of samples of each shot for the gradient. With the greedy answers an iteration costs as much as one of
    /// the other methods.
    package var samplesPerShot: Int { settings.population - 1 }

    /// Takes the score of the current α.
    package mutating func score(_ score: CoefficientScore) -> FewShotSearch.Iteration {
        let isBetter = best.map { $0.score < score } ?? true
        if isBetter { best = (current, score) }
        let isLast = progress.iterations.count + 1 == settings.iterations
        // The last iteration only scores the α of the one before it.
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
    /// - Parameter gradient: the gradient of the loss with respect to z, in the layout of the experts.
    package mutating func step(_ gradient: ExpertVector) {
        let slopes = mixture.parameterGradient(current, vectorGradient: gradient).map { Float($0) }
        optimizer.step(parameters: &alpha, gradient: slopes, learningRate: Self.learningRate, state: &state)
        alpha = alpha.map { min(1, max(0, $0)) }
    }
}
