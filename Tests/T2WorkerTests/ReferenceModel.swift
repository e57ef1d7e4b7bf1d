import Foundation
import Logging
import T2Core
import T2Formats
import T2Model
import T2Numerics
import T2Tasks
import T2TestSupport
import T2Text
import T2Transport

@testable import T2Worker

/// A model of the fixtures, ready for a worker.
struct ReferenceModel {
    let fixture: ModelFixture
    let folder: BaseModelFolder
    let models: DecomposedModels
    let tokenizer: Tokenizer

    init(_ name: String = "grouped-tied") throws {
        fixture = try ModelFixture(name)
        folder = try BaseModelFolder(path: ModelFixture.folder(name))
        let cache = SingularValueCache(folder: NSTemporaryDirectory() + "t2-worker-tests")
        models = DecomposedModels(try BaseModel(folder), cache: cache)
        tokenizer = try Tokenizer(path: folder.tokenizerPath)
        MatrixMultiply.useThreads(1)
    }

    func layout(_ targets: TargetModules = .all) -> ExpertLayout {
        ExpertLayout(model: folder.configuration, targets: adaptation)
    }

    /// The fixture's z, around 1 with a deviation of 0.2.
    func vector(_ targets: TargetModules = .all) -> ExpertVector {
        let layout = layout(adaptation)
        return ExpertVector(layout: layout, values: layout.values(fixture.z))
    }

    func policy(_ vector: ExpertVector) -> PolicyVersion {
        PolicyVersion(digest: Digest(of: vector.values), vector: vector, models: models)
    }

    var lane: Lane { Lane(models, tokenizer: tokenizer) }

    /// The fixture's rollouts, as if they had been sampled with these log-probabilities.
    func rollouts(logProbabilities: [[Float]]? = nil) -> [Rollout] {
        fixture.rollouts.enumerated().map { index, rollout in
            Rollout(
                problem: Problem(id: "p\(index)", topic: "", prompt: "", verification: .number(answer: "1")),
                problemNumber: index, sample: 0, prompt: rollout.prompt_ids, tokens: rollout.completion_ids,
                logProbabilities: logProbabilities?[index] ?? rollout.completion_ids.map { _ in 0 }, completion: "",
                finished: true)
        }
    }

    /// A worker that is not run: for `compute`.
    func worker(rewards: RewardRunner = .parity) async throws -> Worker {
        let transport = try await InMemoryNetwork().connect(hello().worker)
        return worker(transport, hello(), rewards: rewards)
    }

    func worker(
        _ transport: any WorkerTransport, _ hello: Hello, rewards: RewardRunner = .parity,
        progressInterval: Duration = ProgressMeter.interval
    ) -> Worker {
        let logger = Logger(label: "t2-worker-tests") { _ in SwiftLogNoOpLogHandler() }
        return Worker(
            hello: hello, models: models, tokenizer: tokenizer, rewards: rewards, transport: transport,
            log: WorkerLog(logger), progressInterval: progressInterval)
    }

    func hello(lanes: Int = 1) -> Hello {
        Hello(
            worker: WorkerIdentifier(name: "w", incarnation: 1), modelDigest: folder.digest,
            tokenizerDigest: folder.tokenizerDigest, fingerprint: "here", lanes: lanes)
    }

    /// Two problems, two samples each, with a gradient.
    func lease(
        _ index: Int = 0, vector: ExpertVector, prompts: [String] = ["ABCDEFG", "what(is+this)?"], samples: Int = 2,
        maxTokens: Int = 12, advantage: AdvantageKind? = .unitMean, temperature: Float = 1, attempt: Int = 1,
        epoch: UInt64 = 7
    ) -> Lease {
        Lease(
            unit: UnitKey(run: "r", step: 3, phase: advantage == nil ? .validation : .train, index: index),
            attempt: attempt,
            epoch: epoch, vector: Digest(of: vector.values), seed: 11,
            problems: prompts.enumerated().map {
                Problem(id: "problem-\($0)", topic: "", prompt: $1, verification: .number(answer: "1"))
            },
            problemNumbers: prompts.indices.map { index * prompts.count + $0 }, samplesPerPrompt: samples,
            sampling: Sampling(temperature: temperature, maxTokens: maxTokens),
            gradient: advantage.map {
                GradientSpecification(
                    advantage: $0, runningMeanReward: 0, klCoefficient: 0.1, klDirection: .policyReference,
                    klEstimator: .exact)
            }, lengthSeconds: 30)
    }

    /// Its completions are sampled like any other's; the gradient of their divergence is beyond what a Float holds.
    func overflowingLease(_ vector: ExpertVector) -> Lease {
        var lease = lease(vector: vector)
        lease.gradient?.klCoefficient = 3e38
        return lease
    }

    func work(_ lease: Lease, _ vector: ExpertVector) -> UnitWork { UnitWork(lease: lease, policy: policy(vector)) }
}

extension RewardRunner {
    /// A random model answers nothing: right are completions of even length, which is about half of them.
    static let parity = RewardRunner { submissions in
        submissions.map { .judged($0.completion.utf8.count.isMultiple(of: 2) ? .right : .wrong) }
    }
}

extension UnitResult {
    /// Without what the clock decides.
    var untimed: UnitResult {
        var result = self
        result.statistics.samplingSeconds = 0
        result.statistics.rewardSeconds = 0
        result.statistics.gradientSeconds = 0
        return result
    }
}
