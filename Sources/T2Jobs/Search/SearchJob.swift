import Algorithms
import T2Core
import T2Formats
import T2Learning

/// Searches for the mixture of experts that answers a few shots best, with populations of candidates or the gradient on α.
package struct SearchJob: Job {
    private enum Method: Sendable {
        case population(PopulationSearch)
        case climb(MixtureClimb)
    }

    private enum Stage: Sendable, Equatable {
        /// The candidates answer the shots.
        case answers
        /// The candidates that the numbers of right answers do not decide are scored by the likelihood of the references.
        case references(right: [Int], undecided: [Int])
        /// The gradient at the current mixture is computed.
        case gradient
    }

    package let name: String
    package let model: JobModel
    private let task: String
    /// The shots with their references.
    private let shots: [Problem]
    /// Greedy sampling of the answers.
    private let sampling: Sampling
    /// The experts to mix, by name, in the order of α.
    private let entries: [ExpertLibrary.Entry]
    private let mixture: MixtureParameterisation
    private let settings: FewShotSearch.Settings
    private var method: Method
    private var stage = Stage.answers

    /// - Throws: `LearningError.configuration` for settings out of range.
    package init(
        name: String, model: JobModel, task: String, shots: [Problem], sampling: Sampling,
        entries: [ExpertLibrary.Entry], mixture: MixtureParameterisation, settings: FewShotSearch.Settings
    ) throws {
        self.name = name
        self.model = model
        self.task = task
        self.shots = shots
        self.sampling = sampling
        self.entries = entries
        self.mixture = mixture
        self.settings = settings
        method =
            settings.method == .gradient
            ? .climb(try MixtureClimb(mixture, shots: shots.count, settings: settings))
            : .population(try PopulationSearch(mixture, shots: shots.count, settings: settings))
    }

    /// The inputs that determine the results.
    var parts: [(name: String, value: any Encodable & Sendable)] {
        model.identity + [
            ("experts", mixture.experts.map { Policy.svf($0).digest }), ("task", task), ("shots", shots),
            ("max-tokens", sampling), ("per-layer", mixture.scope), ("normalize", mixture.isNormalized),
            ("method, population, elite-ratio, iterations, patience or seed", settings),
        ] + shots.chatParts
    }

    package func identity() throws -> JobIdentity { try JobIdentity(.search, parts) }
    package func missingRewards(in _: Round) -> MissingRewardHandling { .stop(limit: 1) }

    private var search: any MixtureSearch {
        switch method {
        case .population(let search): search
        case .climb(let climb): climb
        }
    }

    /// The best result so far.
    ///
    /// - Throws: `InputError` (try again) if no iteration has ended, or if the mixture overflows.
    package func result(isStopped: Bool = false) throws -> FewShotResult {
        try FewShotResult(
            search.progress.solution(isCancelled: isStopped), of: mixture, entries, task: task, shots: shots,
            settings: settings)
    }

    package func nextRound() -> Round? {
        guard !search.isFinished else { return nil }
        let policies = search.candidates.map { Policy.svf($0) }
        switch stage {
        case .answers: return answers(policies)
        case .references(_, let undecided): return references(undecided.map { policies[$0] })
        case .gradient: return gradient(policies[0])
        }
    }

    package mutating func take(_ results: RoundResults) throws -> [FewShotSearch.Iteration] {
        switch stage {
        case .answers:
            let completions = try results.allCompletions()
            let right = completions.chunks(ofCount: shots.count).map { $0.count { $0.reward == .judged(.right) } }
            // The one candidate of a climb is always scored by its likelihood too.
            var undecided = [0]
            if case .population(let search) = method { undecided = search.undecided(right) }
            guard undecided.isEmpty else {
                stage = .references(right: right, undecided: undecided)
                return []
            }
            return [update(right, logLikelihoods: [])]
        case .references(let right, _):
            let likelihoods = try results.round.units.map { unit in
                CoefficientScore.logLikelihood(try results.completions(unit)?.map(\.logProbabilities) ?? [])
            }
            return [update(right, logLikelihoods: likelihoods)]
        case .gradient:
            stage = .answers
            guard case .climb(var climb) = method else { preconditionFailure("a population has no gradient") }
            climb.step(try meanGradient(results, samples: climb.samplesPerShot))
            method = .climb(climb)
            return []
        }
    }

    private mutating func update(_ right: [Int], logLikelihoods: [Double]) -> FewShotSearch.Iteration {
        stage = .answers
        switch method {
        case .population(var search):
            let iteration = search.update(right: right, logLikelihoods: logLikelihoods)
            method = .population(search)
            return iteration
        case .climb(var climb):
            let iteration = climb.score(CoefficientScore(right: right[0], logLikelihood: logLikelihoods[0]))
            method = .climb(climb)
            stage = .gradient
            return iteration
        }
    }

    /// The mean of the units' gradients, 1/B Σ, where B is the number of completions.
    ///
    /// - Throws: `InputError` if it is not finite.
    private func meanGradient(_ results: RoundResults, samples: Int) throws -> ExpertVector {
        let layout = mixture.layout
        var sum = [Double](repeating: 0, count: layout.count)
        for unit in results.round.units {
            for (index, value) in try results.gradient(unit).enumerated() { sum[index] += Double(value) }
        }
        let count = Double(shots.count * samples)
        let gradient = ExpertVector(layout: layout, values: sum.map { Float($0 / count) })
        if let name = gradient.firstNonFinite {
            throw InputError(
                "the gradient of '\(name)'", "is not finite in iteration \(search.progress.iterations.count)",
                remedy: "Use --method cem, or fewer experts.")
        }
        return gradient
    }

    private func key(_ step: Int, _ phase: Phase, _ index: Int) -> UnitKey {
        UnitKey(run: name, step: step, phase: phase, index: index)
    }

    private func round(step: Int, _ policies: [Policy], _ units: [WorkUnit]) -> Round {
        Round(
            step: step, units: units,
            policies: Dictionary(policies.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first }))
    }

    /// Units of a few candidates on all shots, in the order of the candidates.
    private func answers(_ policies: [Policy]) -> Round {
        let step = search.progress.iterations.count
        let shots = shots.map(\.withoutReference)
        let digests = policies.map(\.digest)
        let batches = PopulationSearch.batches(candidates: policies.count, shots: shots.count)
        let units = batches.enumerated().map { index, batch in
            // Candidates may be equal and thus share a policy.
            let own = Array(batch.map { digests[$0] }.uniqued())
            let sequences = batch.flatMap { candidate in
                let policy = own.firstIndex(of: digests[candidate]) ?? 0
                return shots.indices.map { WorkUnit.Sequence(problem: $0, sample: candidate, policy: policy) }
            }
            return WorkUnit(
                key: key(step, .answers, index), seed: settings.seed, problems: shots,
                problemIndices: Array(shots.indices), sequences: sequences, policies: own,
                sampling: sampling)
        }
        return round(step: step, policies, units)
    }

    /// The likelihood of the references under each candidate, one unit per candidate.
    private func references(_ policies: [Policy]) -> Round {
        let step = search.progress.iterations.count
        let units = policies.enumerated().map { index, policy in
            WorkUnit(
                key: key(step, .references, index), seed: settings.seed, problems: shots,
                problemIndices: Array(shots.indices), sequences: WorkUnit.Sequence.all(problems: shots.count),
                policies: [policy.digest], sampling: nil)
        }
        return round(step: step, policies, units)
    }

    /// Several samples of each shot, whose rewards are compared with each other, one unit per shot.
    private func gradient(_ policy: Policy) -> Round {
        // The last iteration that was scored.
        let step = search.progress.iterations.count - 1
        guard case .climb(let climb) = method else { preconditionFailure("a population has no gradient") }
        let sampling = Sampling(
            temperature: MixtureClimb.temperature, maxTokens: sampling.maxTokens,
            stopStrings: sampling.stopStrings)
        let units = shots.indices.map { shot in
            WorkUnit(
                key: key(step, .mixtureGradient, shot), seed: settings.seed,
                problems: [shots[shot].withoutReference], problemIndices: [shot],
                sequences: WorkUnit.Sequence.all(problems: 1, samples: climb.samplesPerShot),
                policies: [policy.digest], sampling: sampling,
                gradient: GradientSpecification(advantage: .groupMean))
        }
        return round(step: step, [policy], units)
    }
}
