import Synchronization
import T2Core
import T2Engine
import T2Model
import T2TestSupport
import T2Text
import T2Transport
import T2Worker
import Testing

@Suite("A unit")
struct UnitComputationTests {
    @Test(
        "comes to the same bytes on another lane, after other units and on another worker",
        arguments: ModelFixture.names)
    func repeats(name: String) async throws {
        let model = try ReferenceModel(name)
        let policy = model.policy()
        let lease = model.lease(under: policy)
        let first = try model.compute(model.work(lease, policy)).untimed

        let busy = model.lane
        _ = try model.compute(
            model.work(model.lease(1, under: policy, prompts: ["zzz"], maxTokens: 60), policy), on: busy)
        _ = try model.compute(
            model.work(model.lease(2, under: policy, advantage: nil, temperature: 0), policy), on: busy)
        #expect(try model.compute(model.work(lease, policy), on: busy).untimed == first)

        let other = try ReferenceModel(name)
        #expect(try other.compute(other.work(lease, policy)).untimed == first)
    }

    @Test("holds whole groups in order, and every sample has a stream of its own")
    func groups() async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let lease = model.lease(4, under: policy, prompts: ["same", "same", "else"], samples: 3)
        let result = try model.compute(model.work(lease, policy))
        #expect(result.completions.map(\.problemIndex) == [12, 12, 12, 13, 13, 13, 14, 14, 14])
        #expect(result.completions.map(\.sample) == [0, 1, 2, 0, 1, 2, 0, 1, 2])
        #expect(result.completions.map(\.problem).prefix(4) == ["problem-0", "problem-0", "problem-0", "problem-1"])
        #expect(Set(result.completions.map(\.tokens)).count == 9)
        #expect(result.statistics.completionTokens == result.completions.reduce(0) { $0 + $1.tokens.count })
        #expect(result.statistics.promptTokens == 12)
        #expect(
            result.completions.allSatisfy {
                ($0.finishReason == .stop) == ($0.tokens.last == 1) && $0.tokens.count <= 12
            })
    }

    @Test("draws each sample alike, whatever else is in it")
    func samplesAreIndependent() async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let both = try model.compute(model.work(model.lease(under: policy), policy))
        let alone = try model.compute(
            model.work(model.lease(under: policy, prompts: ["ABCDEFG"], samples: 1, advantage: nil), policy),
            on: model.lane)
        #expect(alone.completions[0].tokens == both.completions[0].tokens)
    }

    @Test("weighs rewards by the advantage that its lease names")
    func advantages() async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let lease = model.lease(under: policy, samples: 4, advantage: .groupMean)
        let result = try model.compute(model.work(lease, policy))
        for group in [result.completions[0..<4], result.completions[4..<8]] {
            let rewards = group.compactMap(\.reward.value)
            let expected = rewards.map { ($0 - (rewards.reduce(0, +) - $0) / 3) }
            #expect(largestDifference(group.map(\.advantage), expected) < 1e-6)
        }
        let equal = [result.completions[0..<4], result.completions[4..<8]].count {
            Set($0.map(\.reward.value)).count == 1
        }
        #expect(result.statistics.equalRewardGroups == equal)
        #expect(result.gradient?.count == model.layout().count)
        #expect(result.statistics.kl ?? 0 > 0)
        #expect(result.statistics.largestLogProbabilityDifference < 1e-4)
    }

    @Test("without a gradient returns rewards alone")
    func validation() async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let lease = model.lease(under: policy, samples: 1, advantage: nil, temperature: 0)
        let result = try model.compute(model.work(lease, policy))
        #expect(result.gradient == nil)
        #expect(result.completions.count == 2)
        #expect(result.completions.allSatisfy { $0.reward.value != nil && $0.advantage == 0 })
    }

    @Test("is computed under the form of execution that its lease's size makes cheaper", arguments: [1, 200])
    func execution(maxTokens: Int) async throws {
        let model = try ReferenceModel()
        let policy = model.set(model.policy())
        let isMerged = if case .merged = try policy.execution(tokens: maxTokens) { true } else { false }
        #expect(isMerged == (maxTokens == 200))
    }

    @Test("whose prompt and completion do not fit the context is refused with the problem's name")
    func promptTooLong() async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let lease = model.lease(under: policy, prompts: ["fits", String(repeating: "A", count: 250)])
        let error = #expect(throws: PromptError.self) {
            _ = try model.compute(model.work(lease, policy))
        }
        #expect(error == .tooLong(problem: "problem-1", tokens: 250, maxTokens: 12, context: 256))
        #expect(error?.description.contains("problem-1: its prompt has 250 tokens") == true)
        #expect(error?.description.contains("context holds 256. Lower max-tokens to 6") == true)
    }

    @Test("with a temperature that no gradient fits is refused")
    func greedyTraining() async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let error = #expect(throws: UnitError.self) {
            _ = try model.compute(model.work(model.lease(under: policy, temperature: 0), policy))
        }
        #expect(error?.category == .unsuitableLease)
    }

    @Test("under a z that blows up is reported as non-finite")
    func nonFinite() async throws {
        let model = try ReferenceModel()
        let policy = Policy.svf(ExpertVector(layout: model.layout(), repeating: 1e30))
        let error = #expect(throws: (any Error).self) {
            _ = try model.compute(model.work(model.lease(under: policy), policy))
        }
        #expect(error.map { UnitError.category(of: $0) } == .nonFinite)
    }

    @Test("under an expert of another model is refused")
    func foreignExpert() async throws {
        let model = try ReferenceModel()
        let layout = ExpertLayout(entries: [.init(name: "model.layers.0.mlp.gate_proj.weight", count: 31)])
        let policy = Policy.svf(ExpertVector(layout: layout, repeating: 1))
        let error = #expect(throws: InputError.self) {
            _ = try model.compute(model.work(model.lease(under: policy), policy))
        }
        #expect(error?.description.contains("'model.layers.0.mlp.gate_proj.weight' with 31 values") == true)
    }

    @Test("stops at the next token once it is cancelled")
    func cancelled() async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let work = model.work(model.lease(under: policy), policy)
        work.cancel()
        #expect(throws: UnitError.cancelled) { _ = try model.compute(work) }
    }

    @Test("stops between two batches of judgements once it is cancelled")
    func cancelledWhileJudging() async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let work = model.work(model.lease(under: policy, samples: 10, maxTokens: 2), policy)
        let judged = Atomic<Int>(0)
        let rewards = RewardRunner { submissions in
            judged.add(submissions.count, ordering: .relaxed)
            work.cancel()
            return submissions.map { _ in .judged(.right) }
        }
        #expect(throws: UnitError.cancelled) { _ = try model.compute(work, rewards: rewards) }
        #expect(judged.load(ordering: .relaxed) == 16)
    }

    @Test("has a missing reward verified again", arguments: [1, 2, 3])
    func missingReward(failures: Int) async throws {
        let model = try ReferenceModel()
        let policy = model.policy()
        let left = Atomic<Int>(failures)
        let rewards = RewardRunner { submissions in
            submissions.indices.map { index in
                let isMissing = index == 0 && left.subtract(1, ordering: .relaxed).oldValue > 0
                return isMissing ? .missing(reason: "the sandbox broke") : .judged(.right)
            }
        }
        let work = model.work(model.lease(under: policy), policy)
        guard failures == 3 else {
            let result = try model.compute(work, rewards: rewards)
            #expect(result.completions.map(\.reward) == Array(repeating: .judged(.right), count: 4))
            #expect(result.statistics.missing == ["the sandbox broke": 1])
            return
        }
        let failure = #expect(throws: CompletionFailure.self) { _ = try model.compute(work, rewards: rewards) }
        #expect(
            failure?.cause
                == .missingReward(problem: "problem-0", sample: 0, attempts: 3, reason: "the sandbox broke"))
        #expect(
            failure?.completions.map(\.reward)
                == [.missing(reason: "the sandbox broke")] + Array(repeating: .judged(.right), count: 3))
    }

    @Test("of several policies gives each sequence what it has alone, in one batch")
    func severalPolicies() async throws {
        let model = try ReferenceModel()
        let policies = [model.policy(), .base, model.policy(.mlp)]
        let sequences = (0..<2).flatMap { problem in
            policies.indices.map { WorkUnit.Sequence(problem: problem, policy: $0) }
        }
        let mixed = model.lease(
            under: policies[0], policies[1], policies[2], sequences: sequences, advantage: nil, temperature: 0)
        let found = try model.compute(model.work(mixed, policies[0], policies[1], policies[2]))
        #expect(found.completions.map(\.policy) == [0, 1, 2, 0, 1, 2])
        for (index, policy) in policies.enumerated() {
            let alone = model.lease(under: policy, samples: 1, advantage: nil, temperature: 0)
            let expected = try model.compute(model.work(alone, policy)).completions
            #expect(found.completions.filter { $0.policy == index }.map(\.tokens) == expected.map(\.tokens))
        }
    }
}
