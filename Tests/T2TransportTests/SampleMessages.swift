import T2Core
import T2Transport

/// One message of each kind, every optional part in use.
enum SampleMessages {
    static let unit = UnitKey(run: "gsm-mini", step: 7, phase: .train, index: 3)
    static let worker = WorkerIdentifier(name: "node-1", incarnation: .max)
    static let vector = ExpertVector(
        layout: ExpertLayout(entries: [.init(name: "a.weight", count: 3), .init(name: "b.weight", count: 2)]),
        values: [1, 0.5, -2, .pi, 0.1])

    static let policy = Policy.svf(vector)

    static let all: [Message] = [
        .hello(hello),
        .hello(
            Hello(
                worker: worker, modelDigest: Digest(of: "model"), tokenizerDigest: Digest(of: "tokenizer"),
                fingerprint: "", lanes: 1, holding: [LeaseName(unit: unit, attempt: 2)])),
        .credit(Credit(count: 2)), .credit(Credit(count: 2, received: 7)),
        .getBlob(GetBlob(digest: policy.digest)),
        .progress(Progress(unit: unit, attempt: 1, tokens: 512)),
        .result(result),
        .bye(Bye(reason: "SIGTERM")),
        .welcome(Welcome(epoch: .max, runs: ["gsm-mini", "código"])),
        .reject(Reject(reason: "another model", remedy: "Give --model experts/tiny/base.")),
        .lease(lease), .lease(referenceLease),
        .blob(Blob(digest: policy.digest, policy: policy)),
        .blob(Blob(digest: Policy.lora(vector).digest, policy: .lora(vector))),
        .cancel(Cancel(unit: unit, reason: "another copy won")),
        .acknowledgement(Acknowledgement(unit: unit, attempt: 1, verdict: .stale, reason: "epoch 3")),
        .drain(Drain(reason: "done")),
        .heartbeat(Heartbeat()),
        .error(
            ErrorReport(unit: unit, attempt: 1, category: .engine, message: "boom\nat line 2", logLines: ["a", "b"])),
        .error(
            ErrorReport(
                unit: unit, attempt: 1, category: .nonFinite, message: "overflow",
                completions: result.output.completions)),
        .error(ErrorReport(category: .unknownPolicy, message: "of another step", policy: policy.digest)),
    ]

    static let hello = Hello(
        worker: worker, modelDigest: Digest(of: "model"), tokenizerDigest: Digest(of: "tokenizer"),
        fingerprint: "Zen/\"4\" SkylakeX", lanes: 2)

    private static let problems = [
        Problem(id: "p0", topic: "add", prompt: "1 + 1 = /?", verification: .number(answer: "2")),
        Problem(id: "p1", topic: "code", prompt: "def f", verification: .program(programPrefix: "x", tests: ["f()"])),
    ]

    static let lease = Lease(
        work: WorkUnit(
            key: unit, seed: .max, problems: problems, problemIndices: [4, 5],
            sequences: WorkUnit.Sequence.all(problems: 2, samples: 8), policies: [policy.digest],
            sampling: Sampling(temperature: 0.7, topK: 40, topP: 0.9, maxTokens: 64),
            gradient: GradientSpecification(
                advantage: .groupMean, runningMeanReward: 0.25, klCoefficient: 0.2, klDirection: .policyReference,
                klEstimator: .exact)),
        attempt: 1, epoch: 42, lengthSeconds: 30)

    /// References to score under two policies.
    static let referenceLease = Lease(
        work: WorkUnit(
            key: unit, seed: 1, problems: problems, problemIndices: [0, 1],
            sequences: [.init(problem: 0), .init(problem: 1), .init(problem: 0, policy: 1)],
            policies: [policy.digest, Policy.baseDigest], sampling: nil),
        attempt: 1, epoch: 42, lengthSeconds: 30)

    static let result = UnitResult(
        unit: unit, attempt: 1, epoch: 42,
        output: UnitOutput(
            completions: [
                completion(sample: 0, tokens: [1, 2, 3], reward: .judged(.noAnswer)),
                completion(sample: 1, tokens: [], reward: .missing(reason: "sandbox timed out")),
                completion(sample: 2, tokens: [7], reward: .judged(.right)),
                completion(sample: 3, prompt: [9], tokens: [5], reward: .unjudged),
            ], statistics: statistics, gradient: [0.1, -0.2, .infinity]))

    private static var statistics: UnitStatistics {
        var statistics = UnitStatistics()
        statistics.policyLoss = 0.1 + 0.2
        statistics.completionTokens = 4
        statistics.largestLogProbabilityDifference = 1e-7
        return statistics
    }

    static func completion(sample: Int, prompt: [Int32] = [8, 6, 4], tokens: [Int32], reward: Reward) -> Completion {
        var completion = Completion(
            prompt: prompt, tokens: tokens, logProbabilities: tokens.map { -Float($0) / 3 }, finishReason: .stop)
        completion.problem = "p0"
        completion.problemIndex = 4
        completion.sample = sample
        completion.text = "é #### \(sample)\u{0}"
        completion.reward = reward
        completion.advantage = -1.0 / 3
        return completion
    }

    /// A result whose payload has this many bytes of gradient.
    static func result(gradientBytes: Int) -> UnitResult {
        var large = result
        large.output.gradient = (0..<gradientBytes / 4).map { Float($0 % 1013) / 7 }
        return large
    }
}

extension SampleMessages {
    static func blob(bytes: Int) -> Message {
        let vector = ExpertVector(layout: ExpertLayout(entries: [.init(name: "w", count: bytes / 4)]), repeating: 0.5)
        return .blob(Blob(digest: Policy.svf(vector).digest, policy: .svf(vector)))
    }
}
