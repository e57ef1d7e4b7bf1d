import T2Core
import T2Learning
import T2Model
import T2Tasks
import T2Text

/// Computes a unit, steps 4 to 7 in Sources/README.md. The numbers depend on the unit, its policies and the base model alone;
/// other units and the number of lanes or workers do not change a bit of them.
package struct UnitComputer: Sendable {
    /// Receives the number of tokens sampled or scored since the last call, 0 for work without tokens; returns false once the
    /// unit is cancelled.
    package typealias OnProgress = @Sendable (Int) -> Bool

    package let adapters: ModelAdapters
    package let tokenizer: Tokenizer
    private let rewards: RewardRunner

    private var configuration: ModelConfiguration { adapters.base.configuration }

    package init(adapters: ModelAdapters, tokenizer: Tokenizer, rewards: RewardRunner) {
        self.adapters = adapters
        self.tokenizer = tokenizer
        self.rewards = rewards
    }

    /// - Parameter given: the tokens of another worker's completions, which are then scored and compared with the sampler's instead
    ///   of sampled; nil to sample.
    /// - Throws: `UnitError`; `CompletionFailure` with the completions; errors of the model and of learning.
    package func run(
        _ unit: WorkUnit, _ policies: PolicySet, on lane: Lane, checking given: [[Int32]]? = nil,
        onProgress: @escaping OnProgress
    ) throws -> UnitOutput {
        // Reading prompts, merging weights and the passes of the gradient take long without a new token.
        lane.transformer.onLayer = { _ = onProgress(0) }
        // An idle lane must not keep the unit, and with it merged weights.
        defer { lane.transformer.onLayer = {} }
        if !policies.isBaseModel { try policies.prepare { _ = onProgress(0) } }
        var statistics = UnitStatistics()
        var stopwatch = Stopwatch()

        // 4. Completions: token ids and log-probabilities.
        var completions = try complete(unit, policies, on: lane, checking: given, onProgress: onProgress)
        for (index, completion) in completions.enumerated() {
            statistics.completionTokens += completion.tokens.count
            // A prompt is read once for its whole group.
            let isFirst = index == 0 || unit.sequences[index - 1].problem != unit.sequences[index].problem
            if isFirst { statistics.promptTokens += completion.prompt.count }
        }
        statistics.samplingSeconds = stopwatch.lap()

        // 5. Rewards: the verdicts on the texts.
        if unit.sampling != nil {
            try rewards.judge(&completions, of: unit, missing: &statistics.missing, onProgress: onProgress)
        }
        statistics.rewardSeconds = stopwatch.lap()
        try requireRewards(completions)

        // 6 and 7. Advantages, and ∂J/∂z summed over the unit, if the unit asks for a gradient.
        guard let specification = unit.gradient else {
            return UnitOutput(completions: completions, statistics: statistics)
        }
        try addAdvantages(to: &completions, unit, specification, &statistics)
        let gradient: UnitGradient
        do {
            gradient = try lane.gradients.run(
                completions, specification, policies, temperature: unit.sampling?.temperature ?? 1
            ) { onProgress(1) }
        } catch UnitError.nonFinite(let quantity, let remedy) {
            throw CompletionFailure(cause: .nonFinite(quantity: quantity, remedy: remedy), completions: completions)
        }
        statistics.policyLoss = gradient.policyLoss
        statistics.kl = gradient.kl
        statistics.largestLogProbabilityDifference = gradient.largestLogProbabilityDifference
        statistics.gradientSeconds = stopwatch.lap()

        // 8. Return.
        return UnitOutput(completions: completions, statistics: statistics, gradient: gradient.sum)
    }

    /// The unit's completions before they are judged: sampled or checked completions, or the references with their scores.
    ///
    /// - Throws: `UnitError` if the unit cannot be computed or is cancelled; `PromptError` for a prompt that leaves no room for
    ///   its completion; `ModelError.nonFinite`; errors of preparing the policies.
    package func complete(
        _ unit: WorkUnit, _ policies: PolicySet, on lane: Lane, checking given: [[Int32]]? = nil,
        onProgress: @escaping OnProgress
    ) throws -> [Completion] {
        try check(unit)
        let prompts = try unit.problems.map { problem in
            let prompt = try tokenizer.prompt(
                of: problem, maxTokens: unit.sampling?.maxTokens ?? 1, contextLength: configuration.contextLength)
            try tokenizer.checkEmbeddings(of: prompt, location: "problem \(problem.id)", in: configuration)
            return prompt
        }
        guard let sampling = unit.sampling else { return try score(unit, prompts, policies, on: lane, onProgress) }
        return try sample(unit, prompts, sampling, policies, on: lane, checking: given, onProgress)
    }

    /// Checks the unit, since a lease comes from the network.
    private func check(_ unit: WorkUnit) throws(UnitError) {
        guard !unit.sequences.isEmpty, unit.problems.count == unit.problemIndices.count,
            unit.sequences.allSatisfy({
                unit.problems.indices.contains($0.problem) && unit.policies.indices.contains($0.policy)
            })
        else { throw .unsuitableLease(problem: "its sequences do not fit its problems and policies") }
        guard let sampling = unit.sampling else {
            guard unit.gradient == nil else { throw .unsuitableLease(problem: "references have no gradient") }
            return
        }
        guard sampling.maxTokens > 0, sampling.temperature >= 0, sampling.temperature.isFinite else {
            throw .unsuitableLease(
                problem: "max-tokens \(sampling.maxTokens), temperature \(sampling.temperature) cannot be sampled")
        }
        guard unit.gradient != nil else { return }
        guard unit.policies.count == 1, unit.policies[0] != Policy.baseDigest else {
            let found = unit.policies.count == 1 ? "the base model" : "\(unit.policies.count) policies"
            throw .unsuitableLease(problem: "a gradient needs one policy other than the base model, found \(found)")
        }
        guard sampling.temperature > 0, sampling.topK == nil, sampling.topP == nil else {
            throw .unsuitableLease(
                problem:
                    "training needs temperature > 0 and neither top-k nor top-p, which bias the gradient; found temperature "
                    + "\(sampling.temperature), top-k \(sampling.topK.map(String.init) ?? "none"), top-p "
                    + (sampling.topP.map { "\($0)" } ?? "none"), remedy: "Change the run's sampling.")
        }
    }

    private func checked(_ given: [[Int32]], _ unit: WorkUnit) throws(UnitError) -> [[Int32]] {
        let tokens = given.lazy.joined()
        guard given.count == unit.sequences.count,
            tokens.allSatisfy({ (0..<configuration.vocabularySize).contains(Int($0)) })
        else { throw .unsuitableLease(problem: "the tokens to be checked do not fit its sequences") }
        return given
    }

    private func sample(
        _ unit: WorkUnit, _ prompts: [[Int32]], _ sampling: Sampling, _ policies: PolicySet, on lane: Lane,
        checking given: [[Int32]]?, _ onProgress: @escaping OnProgress
    ) throws -> [Completion] {
        let requests = unit.sequences.map { sequence in
            SampleRequest(
                prompt: prompts[sequence.problem],
                random: SeededRandom(seed: unit.seed, unit.randomStream(of: sequence)), expert: Int32(sequence.policy))
        }
        let tokens = requests.reduce(0) { $0 + $1.prompt.count + sampling.maxTokens }
        let execution = try policies.execution(
            tokens: tokens, on: lane.transformer, isDifferentiated: unit.gradient != nil)
        let stop = tokenizer.stopCondition(of: configuration, texts: sampling.stopStrings)
        var isWanted = true
        let sampled =
            if let given {
                try SampleCheck(lane.transformer).run(
                    requests, try checked(given, unit), execution, sampling, stop: stop
                ) { isWanted = onProgress($0) }
            } else {
                try lane.sampler.sample(requests, execution, sampling, stop: stop) { _, _ in
                    isWanted = onProgress(1)
                    return isWanted
                }
            }
        guard isWanted else { throw UnitError.cancelled }
        return zip(unit.sequences, sampled).map { attributed($1, to: $0, in: unit) }
    }

    /// The references with their log-probabilities, as completions that are not judged.
    private func score(
        _ unit: WorkUnit, _ prompts: [[Int32]], _ policies: PolicySet, on lane: Lane, _ onProgress: OnProgress
    ) throws -> [Completion] {
        let references = try zip(unit.problems, prompts).map { problem, prompt in
            let reference = try tokenizer.reference(of: problem, after: prompt, model: configuration)
            try tokenizer.checkEmbeddings(of: reference, location: "problem \(problem.id)", in: configuration)
            return ScoredSequence(prompt: prompt, completion: reference)
        }
        let execution = try policies.factored()
        var completions: [Completion] = []
        for policy in unit.policies.indices {
            let sequences = unit.sequences.filter { $0.policy == policy }
            let scored = sequences.map { references[$0.problem] }
            let scores = LogProbabilities(lane.transformer).score(scored, execution, expert: Int32(policy))
            for (index, sequence) in sequences.enumerated() {
                let completion = Completion(
                    prompt: scored[index].prompt, tokens: scored[index].completion, logProbabilities: scores[index],
                    finishReason: .stop)
                completions.append(attributed(completion, to: sequence, in: unit))
            }
            guard onProgress(scored.reduce(0) { $0 + $1.completion.count }) else { throw UnitError.cancelled }
        }
        guard completions.map(\.policy) == unit.sequences.map(\.policy) else {
            throw UnitError.unsuitableLease(problem: "the references of one policy are not adjacent")
        }
        if let completion = completions.first(where: { !$0.logProbabilities.allSatisfy(\.isFinite) }) {
            throw ModelError.nonFinite(
                quantity: "the likelihood of the reference of problem \(completion.problem)",
                location: "policy \(completion.policy)")
        }
        return completions
    }

    /// A sampled or scored completion with its text and the data of its sequence.
    private func attributed(_ completion: Completion, to sequence: WorkUnit.Sequence, in unit: WorkUnit) -> Completion {
        var completion = completion
        completion.problem = unit.problems[sequence.problem].id
        completion.problemIndex = unit.problemIndices[sequence.problem]
        completion.sample = sequence.sample
        completion.policy = sequence.policy
        completion.text = tokenizer.completion(completion.tokens, stopStrings: unit.sampling?.stopStrings ?? [])
        return completion
    }

    private func requireRewards(_ completions: [Completion]) throws {
        for first in completions {
            guard let reason = first.reward.missingReason else { continue }
            throw CompletionFailure(
                cause: .missingReward(
                    problem: first.problem, sample: first.sample, attempts: RewardRunner.attempts, reason: reason),
                completions: completions)
        }
    }

    /// Computes the advantages from the rewards of the unit.
    private func addAdvantages(
        to completions: inout [Completion], _ unit: WorkUnit, _ specification: GradientSpecification,
        _ statistics: inout UnitStatistics
    ) throws {
        let groups = unit.groups
        let rewards = groups.map { group in completions[group].compactMap(\.reward.value) }
        guard zip(groups, rewards).allSatisfy({ $0.count == $1.count }) else {
            throw UnitError.unsuitableLease(problem: "the unit asks for a gradient of completions that are not judged")
        }
        let advantage = try Advantage(
            rewards: rewards, kind: specification.advantage, runningMean: specification.runningMeanReward)
        for (index, value) in advantage.groups.flatMap(\.self).enumerated() { completions[index].advantage = value }
        statistics.equalRewardGroups = advantage.equalRewardGroups
    }
}

extension WorkUnit {
    /// The random stream that a sequence's tokens are drawn from. Greedy answers draw nothing.
    fileprivate func randomStream(of sequence: Sequence) -> RandomStream {
        let index = problemIndices[sequence.problem]
        return switch key.phase {
        case .train, .validation: .training(step: key.step, problem: index, sample: sequence.sample)
        case .mixtureGradient: .mixtureGradient(iteration: key.step, shot: index, sample: sequence.sample)
        case .answers, .references, .classification, .evaluation: .evaluation(problem: index)
        }
    }
}

/// Measures the seconds between laps.
private struct Stopwatch {
    private var started = ContinuousClock.now

    /// Seconds since the last lap or the start.
    mutating func lap() -> Double {
        let now = ContinuousClock.now
        defer { started = now }
        return (now - started).seconds
    }
}
