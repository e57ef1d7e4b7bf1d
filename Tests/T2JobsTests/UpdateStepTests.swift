import Foundation
import T2Coordinator
import T2Core
import T2Learning
import T2Transport
import Testing

struct UpdateStepTests {
    static func results(step: Int = 0) -> [ResultRecord] {
        let definition = TestRun.definition()
        let vector = ExpertVector(layout: TestRun.layout, repeating: 1)
        return definition.planner.work(step: step).filter { $0.key.phase == .train }.map { unit in
            let lease = Lease(
                unit: unit.key, attempt: 1, epoch: 1, vector: Digest(of: vector.values), seed: 3,
                problems: unit.problemIndices.map { definition.training[$0] }, problemNumbers: unit.problemNumbers,
                samplesPerPrompt: 2, sampling: Sampling(temperature: 1, maxTokens: 4),
                gradient: GradientSpecification(
                    advantage: .none, runningMeanReward: 0, klCoefficient: 0, klDirection: .policyReference,
                    klEstimator: .exact),
                lengthSeconds: 30)
            return ResultRecord(
                ArithmeticWorker.compute(lease, vector), worker: WorkerIdentifier(name: "ann", incarnation: 1),
                acceptedAt: Date())
        }
    }

    static func update() throws -> UpdateStep {
        try UpdateStep(parameterisation: .direct(TestRun.layout), configuration: TestRun.configuration())
    }

    @Test("the order of arrival changes no bit", arguments: 0..<8)
    func order(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let start = try TestRun.definition().start()
        let results = Self.results()
        #expect(
            try Self.update().next(after: start, results: results.shuffled(using: &random))
                == Self.update().next(after: start, results: results))
    }

    @Test("one update moves p, counts one step and takes in the rewards")
    func update() throws {
        let start = try TestRun.definition().start()
        let results = Self.results()
        let outcome = try Self.update().next(after: start, results: results)
        #expect(outcome.checkpoint.step == 1)
        #expect(outcome.checkpoint.parameters != start.parameters)
        #expect(outcome.gradientNorm > 0)
        #expect(outcome.checkpoint.runningMeanReward.count == 16)
        #expect(outcome.checkpoint.runningMeanReward.sum == results.reduce(0) { $0 + $1.summary.rewardSum })
    }

    @Test("a gradient that is not finite is never averaged: the unit is named and nothing is updated")
    func nonFinite() throws {
        var results = Self.results()
        results[1].gradient?.replaceSubrange(0..<4, with: [0, 0, 0xc0, 0x7f])
        let failure = #expect(throws: UpdateStep.Failure.self) {
            _ = try Self.update().next(after: TestRun.definition().start(), results: results)
        }
        #expect(failure?.result.unit == 1)
        #expect(failure?.description.contains("the gradient of unit 1") == true)
    }

    @Test("an update that leaves the finite numbers names the unit with the largest gradient")
    func overflow() throws {
        var configuration = TestRun.configuration()
        configuration.learningRate = 3e38
        configuration.weightDecay = 10
        let update = try UpdateStep(parameterisation: .direct(TestRun.layout), configuration: configuration)
        var results = Self.results()
        // 1e6 as the first value of unit 2.
        results[2].gradient?.replaceSubrange(0..<4, with: [0x00, 0x24, 0x74, 0x49])
        let failure = #expect(throws: UpdateStep.Failure.self) {
            _ = try update.next(after: TestRun.definition().start(), results: results)
        }
        #expect(failure?.result.unit == 2)
        #expect(failure?.description.contains("p after step 0") == true)
    }
}
