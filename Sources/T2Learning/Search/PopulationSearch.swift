import T2Core

/// A search of α by populations of candidates, on its way. Pure: what is evaluated next follows from the scores so far, whoever
/// computes those.
///
/// An iteration: `candidates` are answered, `undecided` says whose likelihood is wanted too, `update` takes both.
package struct PopulationSearch: Sendable {
    private let mixture: MixtureParameterisation
    private let settings: FewShotSearch.Settings
    private let shots: Int
    private var method: CrossEntropyMethod
    package private(set) var progress = FewShotSearch.Progress()

    /// - Parameter settings: of the cross-entropy method or random search.
    /// - Throws: `LearningError.configuration` for settings out of range.
    package init(_ mixture: MixtureParameterisation, shots: Int, settings: FewShotSearch.Settings) throws(LearningError)
    {
        precondition(settings.method != .gradient, "the gradient has no population")
        try settings.check()
        var proposal = CrossEntropyMethod.Settings()
        proposal.proposal = settings.method == .random ? .random : .crossEntropy
        proposal.population = settings.population
        proposal.eliteRatio = settings.eliteRatio
        proposal.seed = settings.seed
        method = try CrossEntropyMethod(start: mixture.initial, settings: proposal)
        self.mixture = mixture
        self.settings = settings
        self.shots = shots
    }

    package var isFinished: Bool { progress.end != nil || progress.iterations.count >= settings.iterations }

    /// z of each candidate of this iteration.
    package var candidates: [ExpertVector] { method.candidates().map(mixture.vector) }

    /// Candidates whose right answers do not decide their place.
    package func undecided(_ right: [Int]) -> [Int] { method.undecided(right) }

    /// Takes what the candidates came to, and goes on to the next iteration.
    ///
    /// - Parameter logLikelihoods: of the undecided candidates, in their order.
    @discardableResult
    package mutating func update(right: [Int], logLikelihoods: [Double]) -> FewShotSearch.Iteration {
        var scores = right.map { CoefficientScore(right: $0) }
        for (index, value) in zip(undecided(right), logLikelihoods) {
            scores[index] = CoefficientScore(right: right[index], logLikelihood: value)
        }
        let isBetter = method.update(scores)
        guard let best = method.best else { preconditionFailure("an update leaves a best candidate") }
        progress.rollouts += right.count * shots
        let iteration = FewShotSearch.Iteration(
            iteration: method.iteration, method: settings.method, rollouts: progress.rollouts, bestAlpha: best.alpha,
            best: best.score, right: right, mean: method.mean,
            deviation: settings.method == .cem ? method.deviation : nil)
        progress.note(iteration, isBetter: isBetter)
        if settings.method == .cem && settings.patience != nil && method.hasConverged {
            progress.end = "the candidates have converged"
        } else {
            _ = progress.hasStalled(settings.patience)
        }
        return iteration
    }
}

extension PopulationSearch {
    /// Rows that are sampled together, about.
    private static let rowsPerBatch = 64

    /// Places of the candidates that are answered in one batch. It depends on the counts alone, so that a batch has the same
    /// shape wherever it is computed.
    package static func batches(candidates: Int, shots: Int) -> [Range<Int>] {
        let size = max(1, rowsPerBatch / shots)
        return stride(from: 0, to: candidates, by: size).map { $0..<min($0 + size, candidates) }
    }
}
