import T2Core

/// A search of α by populations of candidates.
///
/// In an iteration, the `candidates` answer the shots, `undecided` names those whose likelihood is needed too, and
/// `update` takes both.
package struct PopulationSearch: MixtureSearch {
    private let mixture: MixtureParameterisation
    private let settings: FewShotSearch.Settings
    private let shots: Int
    private var method: CrossEntropyMethod
    package private(set) var progress = FewShotSearch.Progress()

    /// - Parameter settings: the settings of the cross-entropy method or of random search.
    /// - Throws: `LearningError.configuration` for settings out of range.
    package init(_ mixture: MixtureParameterisation, shots: Int, settings: FewShotSearch.Settings) throws(LearningError)
    {
        precondition(settings.method != .gradient, "the gradient has no population")
        try settings.check()
        method = try CrossEntropyMethod(start: mixture.initial, settings: settings)
        self.mixture = mixture
        self.settings = settings
        self.shots = shots
    }

    package var isFinished: Bool { progress.end != nil || progress.iterations.count >= settings.iterations }

    package var candidates: [ExpertVector] { method.candidates().map(mixture.vector) }

    /// The indices of the candidates whose right answers do not decide their rank.
    package func undecided(_ right: [Int]) -> [Int] { method.undecided(right) }

    /// Takes the scores of the candidates, and moves to the next iteration.
    ///
    /// - Parameters:
    ///   - right: the number of right answers of each candidate.
    ///   - logLikelihoods: the likelihoods of the undecided candidates, in their order.
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

    /// The approximate number of rows that are sampled together.
    private static let rowsPerBatch = 64

    /// The indices of the candidates of each batch. They depend on the counts alone, so that a batch has the same shape
    /// wherever it is computed.
    package static func batches(candidates: Int, shots: Int) -> [Range<Int>] {
        let size = max(1, rowsPerBatch / shots)
        return stride(from: 0, to: candidates, by: size).map { $0..<min($0 + size, candidates) }
    }
}
