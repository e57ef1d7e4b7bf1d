import T2Core
import T2Learning
import T2Model
import T2Tasks
import T2Text
import T2Verifiers

/// ∂J/∂z on a few problems by the policy gradient: several samples of each, compared with one another.
package struct MixtureGradient: Sendable {
    /// Of AdamW on α, whose values lie in 0…1.
    package static let learningRate = 0.05
    private static let temperature: Float = 1

    private let svf: SVFModel
    private let lanes: ModelLanes
    private let tokenizer: Tokenizer
    private let verifier: Verifier
    private let shots: [Problem]
    private let prompts: [[Int32]]
    private let sampling: Sampling
    private let seed: UInt64

    /// - Parameter sampling: its limits; the temperature is this method's own.
    /// - Throws: `PromptError` if a prompt leaves no room for its answer.
    package init(
        _ svf: SVFModel, lanes: ModelLanes, tokenizer: Tokenizer, verifier: Verifier, shots: [Problem],
        sampling: Sampling, seed: UInt64
    ) throws {
        self.svf = svf
        self.lanes = lanes
        self.tokenizer = tokenizer
        self.verifier = verifier
        self.shots = shots
        self.sampling = sampling
        self.seed = seed
        prompts = try shots.map {
            try tokenizer.prompt(
                of: $0, maxTokens: sampling.maxTokens, contextLength: svf.base.configuration.contextLength)
        }
    }

    /// The gradient of the loss −(1/B) Σ A·log π with respect to z, in the layout of `vector`; the samples of one problem are each
    /// other's baseline.
    ///
    /// - Throws: `InputError` (try again) for a missing reward; `ModelError` or `InputError` for numbers that are not finite.
    func run(_ vector: ExpertVector, iteration: Int, samplesPerShot: Int) throws -> ExpertVector {
        let z = try svf.complete(vector)
        let merged = svf.merge(z)
        let loss = try PolicyGradientLoss(klCoefficient: 0, klDirection: .policyReference, klEstimator: .exact)
        let sums = try lanes.map(Array(shots.indices)) { lane, _, shot in
            let requests = (0..<samplesPerShot).map {
                SampleRequest(
                    prompt: prompts[shot],
                    random: SeededRandom(seed: seed, step: iteration, problem: shot, sample: $0))
            }
            let sampled = try lane.sampler.sample(
                requests, .merged(merged),
                Sampling(
                    temperature: Self.temperature, maxTokens: sampling.maxTokens, stopStrings: sampling.stopStrings),
                stop: tokenizer.stopCondition(of: svf.base.configuration, texts: sampling.stopStrings))
            let outcomes = try verifier.outcomes(
                sampled.map {
                    Submission(
                        problem: shots[shot],
                        completion: tokenizer.completion($0.tokens, stopStrings: sampling.stopStrings),
                        finished: $0.finished)
                })
            let rewards: [Float] = outcomes.map { $0 == .right ? 1 : -1 }
            let advantages = try Advantage(rewards: [rewards], kind: .groupMean).groups[0]
            let sequences = sampled.map { ScoredSequence(prompt: prompts[shot], completion: $0.tokens) }
            return PolicyGradient(lane.transformer, svf).run(sequences, z: z, temperature: Self.temperature) { row in
                _ = loss.evaluate(
                    policy: row.policy, reference: row.reference, sampled: Int(row.token),
                    advantage: advantages[row.sequence], addingGradientTo: row.gradient)
            }
        }
        let count = Double(shots.count * samplesPerShot)
        let mean = (0..<svf.layout.count).map { index in
            Float(sums.reduce(0.0) { $0 + Double($1[index]) } / count)
        }
        let gradient = ExpertVector(layout: svf.layout, values: mean)
        if let name = gradient.firstNonFinite {
            throw InputError(
                "the gradient of '\(name)'", "is not finite in iteration \(iteration + 1)",
                remedy: "Use --method cem, or fewer experts.")
        }
        return svf.restrict(gradient, to: vector.layout)
    }
}
