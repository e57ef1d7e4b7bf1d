import Synchronization
import T2Core
import T2Engine
import T2Tasks
import T2TestSupport
import Testing

@Suite("A unit's rewards")
struct UnitRewardTests {
    private let model: ReferenceModel
    private let policy: Policy

    init() throws {
        model = try ReferenceModel()
        policy = .svf(model.vector())
    }

    /// A verifier that notes what it was asked for together, and leaves out rewards by the index and the attempt.
    private final class Judge: Sendable {
        private let state = Mutex((batches: [[Int]](), attempts: [Int: Int]()))
        /// Prompts are unique: they tell which submission it is.
        private let prompts: [String]
        private let isMissing: @Sendable (_ index: Int, _ attempt: Int) -> Bool

        init(_ unit: WorkUnit, isMissing: @escaping @Sendable (Int, Int) -> Bool) {
            prompts = unit.sequences.map { unit.problems[$0.problem].prompt }
            self.isMissing = isMissing
        }

        var batches: [[Int]] { state.withLock { $0.batches } }

        var runner: RewardRunner {
            RewardRunner.judging { submissions in
                let indices = submissions.map { self.prompts.firstIndex(of: $0.problem.prompt)! }
                return self.state.withLock { state in
                    state.batches.append(indices)
                    return indices.map { index in
                        state.attempts[index, default: 0] += 1
                        let attempt = state.attempts[index]!
                        return self.isMissing(index, attempt)
                            ? .missing(reason: "the sandbox broke") : .judged(index.isMultiple(of: 2) ? .right : .wrong)
                    }
                }
            }
        }
    }

    /// 20 problems, one sample each.
    private func unit(advantage: AdvantageKind? = nil) -> WorkUnit {
        model.unit(
            policy, prompts: (0..<20).map { String(UnicodeScalar(UInt8(65 + $0))) }, samples: 1, maxTokens: 2,
            advantage: advantage)
    }

    @Test("are judged together, sixteen at a time, in order")
    func together() throws {
        let unit = unit()
        let judge = Judge(unit) { _, _ in false }
        let output = try model.engine.run(unit, [policy], rewards: judge.runner)
        #expect(judge.batches == [Array(0..<16), Array(16..<20)])
        #expect(output.completions.map(\.reward) == (0..<20).map { .judged($0.isMultiple(of: 2) ? .right : .wrong) })
        #expect(output.statistics.missing == [:])
    }

    @Test("that are missing are asked for again, all of them together, up to three times")
    func missingTogether() throws {
        let unit = unit()
        let judge = Judge(unit) { index, attempt in [1, 17, 19].contains(index) && attempt <= (index == 17 ? 2 : 1) }
        let output = try model.engine.run(unit, [policy], rewards: judge.runner)
        #expect(judge.batches == [Array(0..<16), Array(16..<20), [1, 17, 19], [17]])
        #expect(output.completions.map(\.reward) == (0..<20).map { .judged($0.isMultiple(of: 2) ? .right : .wrong) })
        // Each is counted once, at its first try.
        #expect(output.statistics.missing == ["the sandbox broke": 3])
    }

    @Test(
        "that are missing three times fail the unit, with all its completions",
        arguments: [nil, AdvantageKind.unitMean])
    func missing(advantage: AdvantageKind?) throws {
        let unit = unit(advantage: advantage)
        let judge = Judge(unit) { index, _ in index == 5 || index == 18 }
        let failure = #expect(throws: CompletionFailure.self) {
            try model.engine.run(unit, [policy], rewards: judge.runner)
        }
        #expect(judge.batches == [Array(0..<16), Array(16..<20), [5, 18], [5, 18]])
        #expect(
            failure?.cause == .missingReward(problem: "problem-5", sample: 0, attempts: 3, reason: "the sandbox broke"))
        #expect(
            failure?.completions.map(\.reward)
                == (0..<20).map {
                    $0 == 5 || $0 == 18
                        ? .missing(reason: "the sandbox broke") : .judged($0.isMultiple(of: 2) ? .right : .wrong)
                })
    }

    @Test("that are missing once or twice are verified again; three times fail the unit", arguments: [1, 2, 3])
    func oneMissing(failures: Int) throws {
        let left = Atomic<Int>(failures)
        let rewards = RewardRunner.judging { submissions in
            submissions.enumerated().map { index, _ in
                index == 0 && left.subtract(1, ordering: .relaxed).oldValue > 0
                    ? .missing(reason: "the sandbox broke") : .judged(.right)
            }
        }
        let unit = model.unit(policy)
        guard failures == 3 else {
            let output = try model.engine.run(unit, [policy], rewards: rewards)
            #expect(output.completions.map(\.reward) == Array(repeating: .judged(.right), count: 4))
            #expect(output.statistics.missing == ["the sandbox broke": 1])
            return
        }
        let failure = #expect(throws: CompletionFailure.self) {
            try model.engine.run(unit, [policy], rewards: rewards)
        }
        #expect(
            failure?.cause
                == .missingReward(problem: "problem-0", sample: 0, attempts: 3, reason: "the sandbox broke"))
        #expect(
            failure?.completions.map(\.reward)
                == [.missing(reason: "the sandbox broke")] + Array(repeating: .judged(.right), count: 3))
    }

    @Test("stop between two batches once the unit is cancelled while programs run")
    func cancelledWhileJudging() throws {
        let unit = unit()
        let isWanted = Atomic<Bool>(true)
        let judged = Atomic<Int>(0)
        let rewards = RewardRunner.judging { submissions in
            judged.add(submissions.count, ordering: .relaxed)
            isWanted.store(false, ordering: .relaxed)
            return submissions.map { _ in .judged(.right) }
        }
        #expect(throws: UnitError.cancelled) {
            try model.engine.run(
                unit, [policy], rewards: rewards, onProgress: { _ in isWanted.load(ordering: .relaxed) })
        }
        #expect(judged.load(ordering: .relaxed) == 16)
    }

    @Test("have reasons that travel: short ones, and few of them")
    func reasons() throws {
        let count = Atomic<Int>(0)
        let rewards = RewardRunner.judging { submissions in
            submissions.map { _ in
                let number = count.add(1, ordering: .relaxed).newValue
                return number > 20
                    ? .judged(.right) : .missing(reason: "\(number) " + String(repeating: "x", count: 999))
            }
        }
        let found = try model.engine.run(unit(), [policy], rewards: rewards).statistics.missing
        #expect(found.values.reduce(0, +) == 20)
        #expect(found.count == 9 && found["other reasons"] == 12)
        #expect(found.keys.allSatisfy { $0.count <= 500 })
    }

    @Test("are absent where nothing is judged, and that is no missing reward")
    func unjudged() throws {
        let problems = [Verification.unverified, .exact(answer: "no such answer"), .unverified].enumerated().map {
            Problem(id: "p\($0)", topic: "", prompt: "Q\($0)", verification: $1)
        }
        func unit(_ gradient: GradientSpecification?) -> WorkUnit {
            WorkUnit(
                key: UnitKey(run: "r", step: 0, phase: .classification, index: 0), seed: 1, problems: problems,
                problemIndices: [0, 1, 2], sequences: WorkUnit.Sequence.all(problems: 3), policies: [policy.digest],
                sampling: Sampling(temperature: 1, maxTokens: 3), gradient: gradient)
        }
        let rewards = RewardRunner(examine: Verifier(parallelism: 1).examine)
        let output = try model.engine.run(unit(nil), [policy], rewards: rewards)
        #expect(output.completions.map { $0.reward == .unjudged } == [true, false, true])
        #expect(output.completions[1].reward.value == -1)
        #expect(output.completions.allSatisfy { !$0.tokens.isEmpty })
        #expect(output.statistics.missing == [:])
        // No reward is made up for a gradient.
        let error = #expect(throws: UnitError.self) {
            try model.engine.run(unit(GradientSpecification(advantage: .unitMean)), [policy], rewards: rewards)
        }
        #expect(error?.category == .unsuitableLease)
    }
}
