import Synchronization
import T2Core
import T2Model
import T2TestSupport
import T2Text
import T2Transport
import Testing

@testable import T2Worker

@Suite("A unit")
struct UnitComputationTests {
    @Test(
        "comes to the same bytes on another lane, after other units and on another worker",
        arguments: ModelFixture.names)
    func repeats(name: String) async throws {
        let model = try ReferenceModel(name)
        let vector = model.vector()
        let lease = model.lease(vector: vector)
        let worker = try await model.worker()
        let first = try worker.compute(model.work(lease, vector), on: model.lane).untimed

        let busy = model.lane
        _ = try worker.compute(
            model.work(model.lease(1, vector: vector, prompts: ["zzz"], maxTokens: 60), vector), on: busy)
        _ = try worker.compute(
            model.work(model.lease(2, vector: vector, advantage: nil, temperature: 0), vector), on: busy)
        #expect(try worker.compute(model.work(lease, vector), on: busy).untimed == first)

        let other = try await ReferenceModel(name).worker()
        #expect(try other.compute(model.work(lease, vector), on: ReferenceModel(name).lane).untimed == first)
    }

    @Test("holds whole groups in order, and every sample has a stream of its own")
    func groups() async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let lease = model.lease(4, vector: vector, prompts: ["same", "same", "else"], samples: 3)
        let result = try await model.worker().compute(model.work(lease, vector), on: model.lane)
        #expect(result.rollouts.map(\.problemNumber) == [12, 12, 12, 13, 13, 13, 14, 14, 14])
        #expect(result.rollouts.map(\.sample) == [0, 1, 2, 0, 1, 2, 0, 1, 2])
        #expect(result.rollouts.map(\.problem).prefix(4) == ["problem-0", "problem-0", "problem-0", "problem-1"])
        #expect(Set(result.rollouts.map(\.tokens)).count == 9)
        #expect(result.statistics.completionTokens == result.rollouts.reduce(0) { $0 + $1.tokens.count })
        #expect(result.statistics.promptTokens == 12)
        #expect(result.rollouts.allSatisfy { $0.finished == ($0.tokens.last == 1) && $0.tokens.count <= 12 })
    }

    @Test("draws each sample alike, whatever else is in it")
    func samplesAreIndependent() async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let worker = try await model.worker()
        let both = try worker.compute(model.work(model.lease(vector: vector), vector), on: model.lane)
        let alone = try worker.compute(
            model.work(model.lease(vector: vector, prompts: ["ABCDEFG"], samples: 1, advantage: nil), vector),
            on: model.lane)
        #expect(alone.rollouts[0].tokens == both.rollouts[0].tokens)
    }

    @Test("weighs rewards by the advantage that its lease names")
    func advantages() async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let lease = model.lease(vector: vector, samples: 4, advantage: .groupMean)
        let result = try await model.worker().compute(model.work(lease, vector), on: model.lane)
        for group in [result.rollouts[0..<4], result.rollouts[4..<8]] {
            let rewards = group.compactMap(\.reward.value)
            let expected = rewards.map { ($0 - (rewards.reduce(0, +) - $0) / 3) }
            #expect(largestDifference(group.map(\.advantage), expected) < 1e-6)
        }
        let equal = [result.rollouts[0..<4], result.rollouts[4..<8]].count { Set($0.map(\.reward.value)).count == 1 }
        #expect(result.statistics.equalRewardGroups == equal)
        #expect(result.gradient?.count == model.layout().count)
        #expect(result.statistics.kl > 0)
        #expect(result.statistics.largestLogProbabilityDifference < 1e-4)
    }

    @Test("without a gradient returns rewards alone")
    func validation() async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let lease = model.lease(vector: vector, samples: 1, advantage: nil, temperature: 0)
        let result = try await model.worker().compute(model.work(lease, vector), on: model.lane)
        #expect(result.gradient == nil)
        #expect(result.rollouts.count == 2)
        #expect(result.rollouts.allSatisfy { $0.reward.value != nil && $0.advantage == 0 })
    }

    @Test("is computed under the form of execution that its lease's size makes cheaper", arguments: [1, 200])
    func execution(maxTokens: Int) async throws {
        let model = try ReferenceModel()
        let policy = model.policy(model.vector())
        let isMerged = if case .merged = try policy.execution(tokens: maxTokens) { true } else { false }
        #expect(isMerged == (maxTokens == 200))
    }

    @Test("whose prompt and completion do not fit the context is refused with the problem's name")
    func promptTooLong() async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let lease = model.lease(vector: vector, prompts: ["fits", String(repeating: "A", count: 250)])
        let worker = try await model.worker()
        let error = #expect(throws: PromptError.self) {
            _ = try worker.compute(model.work(lease, vector), on: model.lane)
        }
        #expect(error == .tooLong(problem: "problem-1", tokens: 250, maxTokens: 12, context: 256))
        #expect(error?.description.contains("problem-1: its prompt has 250 tokens") == true)
        #expect(error?.description.contains("context holds 256. Lower max-tokens to 6") == true)
    }

    @Test("with a temperature that no gradient fits is refused")
    func greedyTraining() async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let worker = try await model.worker()
        let error = #expect(throws: UnitError.self) {
            _ = try worker.compute(model.work(model.lease(vector: vector, temperature: 0), vector), on: model.lane)
        }
        #expect(error?.category == "unsuitable-lease")
    }

    @Test("under a z that blows up is reported as non-finite")
    func nonFinite() async throws {
        let model = try ReferenceModel()
        let vector = ExpertVector(layout: model.layout(), repeating: 1e30)
        let worker = try await model.worker()
        let error = #expect(throws: (any Error).self) {
            _ = try worker.compute(model.work(model.lease(vector: vector), vector), on: model.lane)
        }
        #expect(error.map { UnitError.category(of: $0) } == "non-finite")
    }

    @Test("under an expert of another model is refused")
    func foreignExpert() async throws {
        let model = try ReferenceModel()
        let layout = ExpertLayout(entries: [.init(name: "model.layers.0.mlp.gate_proj.weight", count: 31)])
        let vector = ExpertVector(layout: layout, repeating: 1)
        let worker = try await model.worker()
        let error = #expect(throws: InputError.self) {
            _ = try worker.compute(model.work(model.lease(vector: vector), vector), on: model.lane)
        }
        #expect(error?.description.contains("'model.layers.0.mlp.gate_proj.weight' with 31 values") == true)
    }

    @Test("stops at the next token once it is cancelled")
    func cancelled() async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let work = model.work(model.lease(vector: vector), vector)
        work.cancel()
        let worker = try await model.worker()
        #expect(throws: UnitError.cancelled) { _ = try worker.compute(work, on: model.lane) }
    }

    @Test("stops between two completions once it is cancelled while programs run")
    func cancelledWhileJudging() async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let work = model.work(model.lease(vector: vector), vector)
        let judged = Atomic<Int>(0)
        let worker = try await model.worker(
            rewards: RewardRunner { _ in
                judged.add(1, ordering: .relaxed)
                work.cancel()
                return [.judged(.right)]
            })
        #expect(throws: UnitError.cancelled) { _ = try worker.compute(work, on: model.lane) }
        #expect(judged.load(ordering: .relaxed) == 1)
    }

    @Test("has a missing reward verified again", arguments: [1, 2, 3])
    func missingReward(failures: Int) async throws {
        let model = try ReferenceModel()
        let vector = model.vector()
        let left = Atomic<Int>(failures)
        let worker = try await model.worker(
            rewards: RewardRunner { _ in
                let isMissing = left.subtract(1, ordering: .relaxed).oldValue > 0
                return [isMissing ? .missing(reason: "the sandbox broke") : .judged(.right)]
            })
        let work = model.work(model.lease(vector: vector), vector)
        guard failures == 3 else {
            let result = try worker.compute(work, on: model.lane)
            #expect(result.rollouts.map(\.reward) == Array(repeating: .judged(.right), count: 4))
            #expect(result.statistics.missing == ["the sandbox broke": 1])
            return
        }
        let failure = #expect(throws: RolloutFailure.self) { _ = try worker.compute(work, on: model.lane) }
        #expect(
            failure?.cause
                == .missingReward(problem: "problem-0", sample: 0, attempts: 3, reason: "the sandbox broke"))
        #expect(
            failure?.rollouts.map(\.reward)
                == [.missing(reason: "the sandbox broke")] + Array(repeating: .judged(.right), count: 3))
    }
}
