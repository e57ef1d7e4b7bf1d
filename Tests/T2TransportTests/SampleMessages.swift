import T2Core
import T2Transport

/// One message of each kind, every optional part in use.
enum SampleMessages {
    static let unit = UnitKey(run: "gsm-mini", step: 7, phase: .train, index: 3)
    static let worker = WorkerIdentifier(name: "node-1", incarnation: .max)
    static let vector = ExpertVector(
        layout: ExpertLayout(entries: [.init(name: "a.weight", count: 3), .init(name: "b.weight", count: 2)]),
        values: [1, 0.5, -2, .pi, 0.1])

    static let all: [Message] = [
        .hello(hello),
        .credit(Credit(count: 2)), .credit(Credit(count: 2, received: 7)),
        .getBlob(GetBlob(digest: Digest(of: vector.values))),
        .progress(Progress(unit: unit, attempt: 1, tokens: 512)),
        .result(result),
        .bye(Bye(reason: "SIGTERM")),
        .welcome(Welcome(epoch: .max, runs: ["gsm-mini", "código"])),
        .reject(Reject(reason: "another model", remedy: "Give --model experts/tiny/base.")),
        .lease(lease), .lease(searchLease),
        .blob(Blob(digest: Digest(of: vector.values), vector: vector)),
        .cancel(Cancel(unit: unit, reason: "another copy won")),
        .acknowledgement(Acknowledgement(unit: unit, attempt: 1, verdict: .stale, reason: "epoch 3")),
        .drain(Drain(reason: "done")),
        .heartbeat(Heartbeat()),
        .error(
            ErrorReport(unit: unit, attempt: 1, category: "engine", message: "boom\nat line 2", logLines: ["a", "b"])),
        .error(
            ErrorReport(
                unit: unit, attempt: 1, category: "non-finite", message: "overflow", rollouts: result.rollouts)),
        .error(
            ErrorReport(
                category: ErrorReport.unknownBlob, message: "of another step", vector: Digest(of: vector.values))),
    ]

    static let hello = Hello(
        worker: worker, modelDigest: Digest(of: "model"), tokenizerDigest: Digest(of: "tokenizer"),
        fingerprint: "Zen/\"4\" SkylakeX", lanes: 2)

    static let lease = Lease(
        unit: unit, attempt: 1, epoch: 42, vector: Digest(of: vector.values), seed: .max,
        problems: [
            Problem(id: "p0", topic: "add", prompt: "1 + 1 = /?", verification: .number(answer: "2")),
            Problem(
                id: "p1", topic: "code", prompt: "def f", verification: .program(programPrefix: "x", tests: ["f()"])),
        ],
        problemNumbers: [4, 5], samplesPerPrompt: 8,
        sampling: Sampling(temperature: 0.7, topK: 40, topP: 0.9, maxTokens: 64),
        gradient: GradientSpecification(
            advantage: .groupMean, runningMeanReward: 0.25, klCoefficient: 0.2, klDirection: .policyReference,
            klEstimator: .exact),
        lengthSeconds: 30)

    static let searchLease: Lease = {
        var lease = Self.lease
        lease.gradient = nil
        lease.candidates = CandidateSpecification(count: 8, question: .references)
        return lease
    }()

    static let result = UnitResult(
        unit: unit, attempt: 1, epoch: 42,
        rollouts: [
            rollout(sample: 0, tokens: [1, 2, 3], reward: .judged(.noAnswer)),
            rollout(sample: 1, tokens: [], reward: .missing(reason: "sandbox timed out")),
            rollout(sample: 2, tokens: [7], reward: .judged(.right)),
        ],
        statistics: statistics, gradient: [0.1, -0.2, .infinity])

    private static var statistics: UnitStatistics {
        var statistics = UnitStatistics()
        statistics.policyLoss = 0.1 + 0.2
        statistics.completionTokens = 4
        statistics.largestLogProbabilityDifference = 1e-7
        return statistics
    }

    static func rollout(sample: Int, tokens: [Int32], reward: Reward) -> RolloutReport {
        RolloutReport(
            problem: "p0", problemNumber: 4, sample: sample, tokens: tokens,
            logProbabilities: tokens.map { -Float($0) / 3 }, completion: "é #### \(sample)\u{0}", reward: reward,
            advantage: -1.0 / 3, finished: true)
    }

    /// A result whose payload has this many bytes of gradient.
    static func result(gradientBytes: Int) -> UnitResult {
        var large = result
        large.gradient = (0..<gradientBytes / 4).map { Float($0 % 1013) / 7 }
        return large
    }
}

extension SampleMessages {
    static func blob(bytes: Int) -> Message {
        let vector = ExpertVector(layout: ExpertLayout(entries: [.init(name: "w", count: bytes / 4)]), repeating: 0.5)
        return .blob(Blob(digest: Digest(of: vector.values), vector: vector))
    }
}
