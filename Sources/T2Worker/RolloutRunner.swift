import T2Core
import T2Model
import T2Text
import T2Transport

/// Draws a unit's completions: lease → token ids and log-probabilities.
///
/// One object per lane. A unit is drawn alone, in a batch whose shape depends on its lease alone, so that neither other
/// units nor the number of lanes or workers change a bit of it.
final class RolloutRunner {
    private let tokenizer: Tokenizer
    private let configuration: ModelConfiguration
    private let transformer: Transformer
    private let sampler: Sampler

    init(_ transformer: Transformer, tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        configuration = transformer.model.configuration
        self.transformer = transformer
        sampler = Sampler(transformer)
    }

    /// The unit's completions, problem by problem, sample by sample.
    ///
    /// - Parameter onToken: called after each sampled token; returns false once nobody wants the unit any more.
    /// - Throws: `UnitError` for a lease that cannot be drawn or a cancellation; `PromptError` for a prompt that leaves no
    ///   room for its completion; `ModelError.nonFinite`; what preparing the policy throws.
    func run(_ lease: Lease, _ policy: PolicyVersion, onToken: () -> Bool) throws -> [Rollout] {
        try Self.check(lease)
        let prompts = try lease.problems.map {
            try tokenizer.prompt(
                of: $0, maxTokens: lease.sampling.maxTokens, contextLength: configuration.contextLength)
        }
        let places = prompts.indices.flatMap { group in (0..<lease.samplesPerPrompt).map { (group: group, sample: $0) }
        }
        let requests = places.map { place in
            SampleRequest(
                prompt: prompts[place.group],
                random: SeededRandom(
                    seed: lease.seed, step: lease.unit.step, problem: lease.problemNumbers[place.group],
                    sample: place.sample))
        }
        let tokens = requests.reduce(0) { $0 + $1.prompt.count + lease.sampling.maxTokens }
        var isWanted = true
        let completions = try sampler.sample(
            requests, try policy.execution(tokens: tokens, onLayer: transformer.onLayer), lease.sampling,
            stop: tokenizer.stopCondition(of: configuration, texts: lease.sampling.stopStrings)
        ) { _, _ in
            isWanted = onToken()
            return isWanted
        }
        guard isWanted else { throw UnitError.cancelled }
        return zip(places, completions).map { place, completion in
            let problem = lease.problems[place.group]
            return Rollout(
                problem: problem, problemNumber: lease.problemNumbers[place.group], sample: place.sample,
                prompt: prompts[place.group], tokens: completion.tokens, logProbabilities: completion.logProbabilities,
                completion: tokenizer.completion(completion.tokens, stopStrings: lease.sampling.stopStrings),
                finished: completion.finished)
        }
    }

    /// A lease comes from the network: nothing in it is taken for granted.
    private static func check(_ lease: Lease) throws {
        let sampling = lease.sampling
        guard lease.problems.count == lease.problemNumbers.count, lease.samplesPerPrompt > 0, sampling.maxTokens > 0,
            sampling.temperature >= 0, sampling.temperature.isFinite
        else {
            throw UnitError.unsuitableLease(
                problem: "\(lease.problems.count) problems with \(lease.problemNumbers.count) numbers, "
                    + "\(lease.samplesPerPrompt) samples a prompt, max-tokens \(sampling.maxTokens), "
                    + "temperature \(sampling.temperature) cannot be sampled",
                remedy: "Run the same t2 version on both sides.")
        }
        guard lease.gradient != nil else { return }
        guard sampling.temperature > 0, sampling.topK == nil, sampling.topP == nil else {
            throw UnitError.unsuitableLease(
                problem:
                    "training needs temperature > 0 and neither top-k nor top-p, which bias the gradient; found temperature "
                    + "\(sampling.temperature), top-k \(sampling.topK.map(String.init) ?? "none"), top-p "
                    + (sampling.topP.map { "\($0)" } ?? "none"),
                remedy: "Change the run's sampling.")
        }
    }
}
