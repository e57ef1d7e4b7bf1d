import T2Core
import T2Learning
import T2Model
import T2Tasks
import T2Text
import T2Verifiers

/// Scores mixtures of experts on a few problems: all candidates together over one resident base model, a z per row, with no
/// weights merged.
package struct CandidateEvaluator: Sendable {
    private let svf: SVFModel
    private let lanes: ModelLanes
    private let tokenizer: Tokenizer
    private let verifier: Verifier
    private let shots: [Problem]
    private let prompts: [[Int32]]
    private let answers: [ScoredSequence]
    private let sampling: Sampling
    private let stop: StopCondition

    /// - Parameters:
    ///   - svf: a decomposition that covers the candidates' layout.
    ///   - shots: each with a reference.
    ///   - sampling: greedy.
    /// - Throws: `PromptError` if a prompt leaves no room for its answer.
    package init(
        _ svf: SVFModel, lanes: ModelLanes, tokenizer: Tokenizer, verifier: Verifier, shots: [Problem],
        sampling: Sampling
    ) throws {
        let configuration = svf.base.configuration
        self.svf = svf
        self.lanes = lanes
        self.tokenizer = tokenizer
        self.verifier = verifier
        self.shots = shots
        self.sampling = sampling
        stop = tokenizer.stopCondition(of: configuration, texts: sampling.stopStrings)
        let prompts = try shots.map {
            try tokenizer.prompt(of: $0, maxTokens: sampling.maxTokens, contextLength: configuration.contextLength)
        }
        answers = try zip(shots, prompts).map { shot, prompt in
            ScoredSequence(
                prompt: prompt, completion: try tokenizer.reference(of: shot, after: prompt, model: configuration))
        }
        self.prompts = prompts
    }

    /// How many of the shots each candidate answers right, greedily, in the order of the candidates.
    ///
    /// - Throws: `InputError` (try again) if a reward could not be computed: it must not pass for a wrong answer.
    package func rightAnswers(_ candidates: [ExpertVector]) throws -> [Int] {
        let batch = try CandidateBatch(svf, candidates)
        let places = PopulationSearch.batches(candidates: candidates.count, shots: shots.count)
        return try lanes.map(places) { lane, _, places in try rightAnswers(places, batch, lane) }.flatMap(\.self)
    }

    private func rightAnswers(_ candidates: Range<Int>, _ batch: CandidateBatch, _ lane: ModelLane) throws -> [Int] {
        let sampled = try batch.answers(of: candidates, to: prompts, sampling, stop: stop, lane.sampler)
        let outcomes = try verifier.outcomes(
            sampled.enumerated().map { index, completion in
                Submission(
                    problem: shots[index % shots.count],
                    completion: tokenizer.completion(completion.tokens, stopStrings: sampling.stopStrings),
                    finished: completion.finished)
            })
        return candidates.indices.map { index in
            let first = (index - candidates.lowerBound) * shots.count
            return outcomes[first..<first + shots.count].count { $0 == .right }
        }
    }

    /// Mean over the shots of log π(correct answer), of the candidates named, in that order.
    ///
    /// - Units: nats an answer, the end of the sequence included.
    /// - Throws: `ModelError.nonFinite` naming the candidate.
    package func logLikelihoods(_ candidates: [ExpertVector]) throws -> [Double] {
        let batch = try CandidateBatch(svf, candidates)
        return try lanes.map(Array(candidates.indices)) { lane, _, candidate in
            let mean = CoefficientScore.logLikelihood(
                batch.logProbabilities(of: answers, candidate: candidate, LogProbabilities(lane.transformer)))
            guard mean.isFinite else {
                throw ModelError.nonFinite(quantity: "the likelihood of the answers", place: "candidate \(candidate)")
            }
            return mean
        }
    }
}

extension Verifier {
    /// The outcome of each submission.
    ///
    /// - Throws: `InputError` (try again) if one could not be judged.
    func outcomes(_ submissions: [Submission]) throws -> [Outcome] {
        try zip(submissions, judge(submissions)).map { submission, reward in
            switch reward {
            case .judged(let outcome): return outcome
            case .missing(let reason):
                throw InputError(
                    "problem '\(submission.problem.id)'", "its reward is missing: \(reason)",
                    remedy: "Repair that and run the same command again.", exitStatus: .tryAgain)
            }
        }
    }
}
