import Foundation
import T2Core
import T2Transport

/// One message of each kind or more, every optional part in use.
enum SampleMessages {
    static let unit = UnitKey(run: "gsm-mini", step: 7, phase: .train, index: 3)
    static let worker = WorkerIdentifier(name: "node-1", incarnation: .max)
    static let vector = ExpertVector(
        layout: ExpertLayout(entries: [.init(name: "a.weight", count: 3), .init(name: "b.weight", count: 2)]),
        values: [1, 0.5, -2, .pi, 0.1])
    static let policies = [Policy.svf(vector), .lora(vector), .base]

    static let all: [Message] =
        [
            .hello(hello), .hello(returningHello),
            .credit(Credit(count: 2)), .credit(Credit(count: 2, received: 7)),
            .getBlob(GetBlob(digest: policies[0].digest)),
            .getModel(GetModel()), .getChunk(GetChunk(file: Digest(of: "file"), offset: 0)),
            .getChunk(GetChunk(file: Digest(of: "file"), offset: 2 << 20, receipt: .max)),
            .model(model), .model(unreadModel),
            .chunk(Chunk(file: Digest(of: "file"), offset: 7, receipt: .max, bytes: Data([0, 1, 255]))),
            .chunk(Chunk(file: Digest(of: "file"), offset: 7, problem: "no file of the base model")),
            .progress(Progress(unit: unit, attempt: 1, tokens: 512)),
            .result(result), .result(answers), .result(UnitResult(unit: unit, attempt: 2, epoch: 0, output: nothing)),
            .bye(Bye(reason: "SIGTERM")),
            .welcome(Welcome(epoch: .max, runs: ["gsm-mini", "código"])),
            .reject(Reject(reason: "another model", remedy: "Give --model experts/tiny/base.")),
            .lease(lease), .lease(checkLease), .lease(answersLease), .lease(referencesLease),
            .cancel(Cancel(unit: unit, reason: "another copy won")),
            .acknowledgement(Acknowledgement(unit: unit, attempt: 1, verdict: .stale, reason: "epoch 3")),
            .drain(Drain(reason: "done")),
            .heartbeat(Heartbeat()),
            .error(
                ErrorReport(
                    unit: unit, attempt: 1, category: .engine, message: "boom at line 2", logLines: ["a", "b"])),
            .error(
                ErrorReport(
                    unit: unit, attempt: 1, category: .nonFinite, message: "overflow",
                    completions: result.output.completions)),
            .error(
                ErrorReport(category: .unknownPolicy, message: "of another step", policy: policies[0].digest)),
        ] + policies.map { .blob(Blob(digest: $0.digest, policy: $0)) }

    static let model: ModelDescription = {
        var model = unreadModel
        model.files = .init(
            model: [
                .init(name: "config.json", size: 740, digest: Digest(of: "config")),
                .init(name: "model-00001-of-00002.safetensors", size: 1 << 33, digest: Digest(of: "weights")),
            ], decompositions: [.init(key: Digest(of: "weight"), size: 1 << 28)])
        return model
    }()

    static let unreadModel = ModelDescription(
        digest: Digest(of: "model"), tokenizerDigest: Digest(of: "tokenizer"), path: "/srv/models/llama", time: 1.8e9)

    static let hello = Hello(
        worker: worker, modelDigest: Digest(of: "model"), tokenizerDigest: Digest(of: "tokenizer"),
        fingerprint: "Zen/\"4\" SkylakeX", lanes: 2)

    static let returningHello: Hello = {
        var hello = Self.hello
        hello.taskVersions = ["sums": "1 (3f2a09cb41de)", "código": "2"]
        hello.holding = [LeaseName(unit: unit, attempt: 2), LeaseName(unit: answersLease.unit, attempt: 1)]
        return hello
    }()

    private static let problems = [
        Problem(
            id: "p0", topic: "add", prompt: "1 + 1 = /?", verification: .number(answer: "2"),
            chat: ChatContext(system: "Be brief.\n", date: CalendarDate("2024-07-26"))),
        Problem(id: "p1", topic: "code", prompt: "def f", verification: .program(programPrefix: "x", tests: ["f()"])),
    ]

    private static func lease(
        _ key: UnitKey, problems: [Problem] = problems, _ sequences: [WorkUnit.Sequence], _ policies: [Policy],
        sampling: Sampling?, gradient: GradientSpecification? = nil
    ) -> Lease {
        Lease(
            work: WorkUnit(
                key: key, seed: .max, problems: problems, problemIndices: Array(4..<4 + problems.count),
                sequences: sequences, policies: policies.map(\.digest), sampling: sampling, gradient: gradient),
            attempt: 1, epoch: 42, lengthSeconds: 30)
    }

    static let lease = lease(
        unit, WorkUnit.Sequence.all(problems: 2, samples: 8), [policies[0]],
        sampling: Sampling(temperature: 0.7, topK: 40, topP: 0.9, maxTokens: 64, stopStrings: ["\n\n", "é"]),
        gradient: GradientSpecification(
            advantage: .groupMean, runningMeanReward: 0.25, klCoefficient: 0.2, klDirection: .policyReference,
            klEstimator: .exact, measuresKL: true))

    /// The tokens of another worker, one of whose completions is empty.
    static let checkLease: Lease = {
        var lease = Self.lease
        lease.tokens = (0..<16).map { sequence in (0..<sequence).map { Int32($0) } }
        return lease
    }()

    /// Problems under several policies in one batch.
    static let answersLease = lease(
        UnitKey(run: "eval", step: 0, phase: .evaluation, index: 1),
        [.init(problem: 0, policy: 2), .init(problem: 1, policy: 0), .init(problem: 0, sample: 1, policy: 1)],
        policies, sampling: Sampling(temperature: 0, maxTokens: 64))

    static let referencesLease = lease(
        UnitKey(run: "search", step: 9, phase: .references, index: 0),
        problems: [
            Problem(id: "p0", topic: "", prompt: "1 + 1 =", verification: .unverified, reference: "2 \u{1F600}"),
            Problem(
                id: "p1", topic: "", prompt: "", verification: .choice(answer: "A", options: ["x", "y"]), reference: ""),
        ], WorkUnit.Sequence.all(problems: 2), [policies[1]], sampling: nil)

    /// A training result: two groups, each with one prompt.
    static let result: UnitResult = {
        let completions = [
            completion(sample: 0, tokens: [1, 2, 3], reward: .judged(.noAnswer)),
            completion(sample: 1, tokens: [], reward: .missing(reason: "sandbox timed out")),
            completion(problem: 1, sample: 0, prompt: [7], tokens: [7], reward: .judged(.right)),
        ]
        return UnitResult(
            unit: unit, attempt: 1, epoch: 42,
            output: UnitOutput(completions: completions, statistics: statistics, gradient: [0.1, -0.2, .infinity]))
    }()

    /// Completions under several policies, one that nothing judges among them; prompts that are shared, differ, or are empty.
    static let answers: UnitResult = {
        let prompts: [[Int32]] = [[5, 6], [5, 6], [5], [], [], [5, 6]]
        let rewards: [Reward] = [
            .judged(.right), .unjudged, .judged(.cutOff), .missing(reason: ""), .judged(.wrong), .judged(.noAnswer),
        ]
        var completions = zip(prompts, rewards).enumerated().map { index, pair in
            completion(
                problem: index / 2, sample: index, prompt: pair.0, tokens: [Int32](repeating: .max, count: index),
                reward: pair.1)
        }
        for index in completions.indices { completions[index].policy = index % 3 }
        completions[2].finishReason = .length
        return UnitResult(
            unit: answersLease.unit, attempt: 3, epoch: 1,
            output: UnitOutput(completions: completions, statistics: UnitStatistics()))
    }()

    private static let nothing = UnitOutput(completions: [], statistics: statistics, gradient: [])

    private static var statistics: UnitStatistics {
        var statistics = UnitStatistics()
        statistics.policyLoss = 0.1 + 0.2
        statistics.kl = 1e-300
        statistics.completionTokens = 4
        statistics.largestLogProbabilityDifference = 1e-7
        return statistics
    }

    static func completion(
        problem: Int = 0, sample: Int, prompt: [Int32] = [3, 4, 5], tokens: [Int32], reward: Reward
    ) -> Completion {
        var completion = Completion(
            prompt: prompt, tokens: tokens, logProbabilities: tokens.map { -Float($0) / 3 }, finishReason: .stop)
        completion.problem = "p\(problem)"
        completion.problemIndex = 4 + problem
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

    static func blob(bytes: Int) -> Message {
        // Numbers that hardly get smaller when they are deflated.
        var random = SeededRandom(seed: 1)
        let values = (0..<bytes / 4).map { _ in Float.random(in: 1..<2, using: &random) }
        let vector = ExpertVector(layout: ExpertLayout(entries: [.init(name: "w", count: bytes / 4)]), values: values)
        return .blob(Blob(digest: Policy.svf(vector).digest, policy: .svf(vector)))
    }
}
