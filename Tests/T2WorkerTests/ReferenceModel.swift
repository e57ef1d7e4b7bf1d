import Foundation
import Logging
import T2Core
import T2Engine
import T2Formats
import T2Model
import T2Numerics
import T2Tasks
import T2TestSupport
import T2Text
import T2Transport
import T2Worker

/// A model of the fixtures, ready for a worker.
struct ReferenceModel {
    let fixture: ModelFixture
    let folder: BaseModelFolder
    let adapters: ModelAdapters
    let tokenizer: Tokenizer

    init(_ name: String = "grouped-tied") throws {
        fixture = try ModelFixture(name)
        folder = try BaseModelFolder(path: ModelFixture.folder(name))
        let cache = SingularValueCache(folder: NSTemporaryDirectory() + "t2-worker-tests")
        adapters = ModelAdapters(try BaseModel(folder), cache: cache)
        tokenizer = try Tokenizer(path: folder.tokenizerPath)
        MatrixMultiply.useThreads(1)
    }

    func layout(_ targets: TargetModules = .all) -> ExpertLayout {
        ExpertLayout(model: folder.configuration, targets: targets)
    }

    /// The fixture's z, around 1 with a deviation of 0.2.
    func policy(_ targets: TargetModules = .all) -> Policy {
        let layout = layout(targets)
        return .svf(ExpertVector(layout: layout, values: layout.values(fixture.z)))
    }

    func set(_ policies: Policy...) -> PolicySet { PolicySet(policies, adapters) }

    var lane: Lane { Lane(adapters.base) }
    var gradients: GradientRunner { GradientRunner(Transformer(adapters.base)) }

    /// The fixture's rollouts, as if they had been sampled with these log-probabilities.
    func completions(logProbabilities: [[Float]]? = nil, advantages: [Float]? = nil) -> [Completion] {
        fixture.rollouts.enumerated().map { index, rollout in
            var completion = Completion(
                prompt: rollout.prompt_ids, tokens: rollout.completion_ids,
                logProbabilities: logProbabilities?[index] ?? rollout.completion_ids.map { _ in 0 }, finishReason: .stop
            )
            completion.problem = "p\(index)"
            completion.problemIndex = index
            completion.advantage = advantages?[index] ?? rollout.advantage
            return completion
        }
    }

    func computer(rewards: RewardRunner = .parity) -> UnitComputer {
        UnitComputer(adapters: adapters, tokenizer: tokenizer, rewards: rewards)
    }

    /// What a worker's lane computes.
    func compute(_ work: UnitWork, rewards: RewardRunner = .parity, on lane: Lane? = nil) throws -> UnitOutput {
        try computer(rewards: rewards).run(work.lease.work, work.policies, on: lane ?? self.lane) { _ in
            !work.isCancelled
        }
    }

    func worker(
        _ transport: any WorkerTransport, _ hello: Hello, progressInterval: Duration = ProgressMeter.interval
    ) -> Worker {
        let logger = Logger(label: "t2-worker-tests") { _ in SwiftLogNoOpLogHandler() }
        return Worker(
            hello: hello, computer: computer(), transport: transport, log: WorkerLog(logger),
            progressInterval: progressInterval)
    }

    func hello(lanes: Int = 1) -> Hello {
        Hello(
            worker: WorkerIdentifier(name: "w", incarnation: 1), modelDigest: folder.digest,
            tokenizerDigest: folder.tokenizerDigest, fingerprint: "here", lanes: lanes)
    }

    /// Two problems, two samples each, with a gradient.
    func lease(
        _ index: Int = 0, under policies: Policy..., prompts: [String] = ["ABCDEFG", "what(is+this)?"],
        samples: Int = 2, sequences: [WorkUnit.Sequence]? = nil, maxTokens: Int = 12,
        advantage: AdvantageKind? = .unitMean, temperature: Float = 1, klCoefficient: Float = 0.1, attempt: Int = 1,
        epoch: UInt64 = 7
    ) -> Lease {
        Lease(
            work: WorkUnit(
                key: UnitKey(run: "r", step: 3, phase: advantage == nil ? .validation : .train, index: index), seed: 11,
                problems: prompts.enumerated().map {
                    Problem(id: "problem-\($0)", topic: "", prompt: $1, verification: .number(answer: "1"))
                },
                problemIndices: prompts.indices.map { index * prompts.count + $0 },
                sequences: sequences ?? WorkUnit.Sequence.all(problems: prompts.count, samples: samples),
                policies: policies.map(\.digest), sampling: Sampling(temperature: temperature, maxTokens: maxTokens),
                gradient: advantage.map {
                    GradientSpecification(
                        advantage: $0, runningMeanReward: 0, klCoefficient: klCoefficient,
                        klDirection: .policyReference, klEstimator: .exact)
                }), attempt: attempt, epoch: epoch, lengthSeconds: 30)
    }

    /// Its completions are sampled like any other's; the gradient of their divergence is beyond what a Float holds.
    func overflowingLease(_ policy: Policy) -> Lease { lease(under: policy, klCoefficient: 3e38) }

    func work(_ lease: Lease, _ policies: Policy...) -> UnitWork {
        UnitWork(lease: lease, policies: PolicySet(policies, adapters))
    }
}

extension RewardRunner {
    /// A random model answers nothing: right are completions of even length, which is about half of them.
    static let parity = RewardRunner { submissions in
        submissions.map { .judged($0.completion.utf8.count.isMultiple(of: 2) ? .right : .wrong) }
    }
}

extension UnitOutput {
    /// The output without what the clock decides.
    var untimed: UnitOutput {
        var output = self
        output.statistics.samplingSeconds = 0
        output.statistics.rewardSeconds = 0
        output.statistics.gradientSeconds = 0
        return output
    }
}
