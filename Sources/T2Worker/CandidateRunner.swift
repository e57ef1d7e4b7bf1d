import T2Core
import T2Model
import T2Text
import T2Transport

/// Answers, or scores the references of, a search's candidates: lease → token ids and log-probabilities.
///
/// One object per lane. A unit's batch depends on its lease alone, and is the one that a search on one machine makes.
final class CandidateRunner {
    private let tokenizer: Tokenizer
    private let transformer: Transformer
    private let models: DecomposedModels
    private lazy var sampler = Sampler(transformer)

    init(_ transformer: Transformer, tokenizer: Tokenizer, models: DecomposedModels) {
        self.tokenizer = tokenizer
        self.transformer = transformer
        self.models = models
    }

    /// Problem by problem, candidate by candidate.
    ///
    /// - Parameter onToken: called after each sampled token; returns false once nobody wants the unit any more.
    /// - Throws: `UnitError` for a lease that asks for no such thing or a cancellation; `PromptError`; `ModelError.nonFinite`.
    func run(
        _ lease: Lease, _ specification: CandidateSpecification, stack: ExpertVector,
        onDecomposition: @escaping @Sendable () -> Void, onToken: () -> Bool
    ) throws -> [Rollout] {
        guard let vectors = stack.unstacked(specification.count), lease.samplesPerPrompt == vectors.count,
            lease.problems.count == lease.problemNumbers.count, lease.gradient == nil, lease.sampling.maxTokens > 0,
            lease.sampling.temperature == 0
        else {
            throw UnitError.unsuitableLease(
                problem:
                    "its vector is no stack of \(specification.count) candidates for \(lease.samplesPerPrompt) samples",
                remedy: "Run the same t2 version on both sides.")
        }
        let configuration = models.base.configuration
        let prompts = try lease.problems.map {
            try tokenizer.prompt(
                of: $0, maxTokens: lease.sampling.maxTokens, contextLength: configuration.contextLength)
        }
        let svf = try models.model(for: vectors[0].layout, progress: onDecomposition)
        let batch = try CandidateBatch(svf, vectors)
        // Candidate by candidate, as they are computed.
        var found: [(tokens: [Int32], logProbabilities: [Float], finished: Bool)] = []
        switch specification.question {
        case .answers:
            var isWanted = true
            let sampled = try batch.answers(
                of: vectors.indices, to: prompts, lease.sampling,
                stop: tokenizer.stopCondition(of: configuration, texts: lease.sampling.stopStrings), sampler
            ) {
                isWanted = onToken()
                return isWanted
            }
            guard isWanted else { throw UnitError.cancelled }
            found = sampled.map { ($0.tokens, $0.logProbabilities, $0.finished) }
        case .references:
            let answers = try zip(lease.problems, prompts).map { problem, prompt in
                ScoredSequence(
                    prompt: prompt,
                    completion: try tokenizer.reference(of: problem, after: prompt, model: configuration))
            }
            for candidate in vectors.indices {
                let scores = batch.logProbabilities(
                    of: answers, candidate: candidate, LogProbabilities(transformer))
                found += zip(answers, scores).map { ($0.completion, $1, true) }
                guard onToken() else { throw UnitError.cancelled }
            }
        }
        return lease.problems.indices.flatMap { place in
            vectors.indices.map { candidate in
                let one = found[candidate * prompts.count + place]
                return Rollout(
                    problem: lease.problems[place], problemNumber: lease.problemNumbers[place], sample: candidate,
                    prompt: prompts[place], tokens: one.tokens, logProbabilities: one.logProbabilities,
                    completion: tokenizer.completion(one.tokens, stopStrings: lease.sampling.stopStrings),
                    finished: one.finished)
            }
        }
    }
}
