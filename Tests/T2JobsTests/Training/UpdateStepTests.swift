import T2Core
import T2Jobs
import T2Learning
import T2TestSupport
import Testing

struct UpdateStepTests {
    static let round = TrainingJob(TestTraining.definition(), from: try! TestTraining.definition().start()).nextRound()!

    static func results(_ change: (inout [UnitKey: UnitOutput]) -> Void = { _ in }) -> RoundResults {
        var outputs = TestTraining.outputs(round)
        change(&outputs)
        return RoundResults(round: round, outputs: outputs)
    }

    static func update(
        _ results: RoundResults, _ configuration: RunConfiguration = TestTraining.configuration()
    ) throws -> UpdateStep.Update {
        try UpdateStep.next(
            after: TestTraining.definition().start(), results, TestTraining.definition(configuration))
    }

    static func key(_ index: Int) -> UnitKey { round.units[index].key }

    @Test("one update moves p, counts one step and takes in the rewards")
    func update() throws {
        let start = try TestTraining.definition().start()
        let update = try Self.update(Self.results())
        #expect(update.checkpoint.step == 1)
        #expect(update.checkpoint.parameters != start.parameters)
        #expect(update.gradientNorm > 0)
        #expect(update.checkpoint.runningMeanReward.count == 16)
        #expect(update.checkpoint.runningMeanReward.sum == (try Self.results().sum(.train).rewardSum))
    }

    @Test("a gradient that is not finite is never averaged: the unit is named and nothing is updated")
    func nonFinite() throws {
        let results = Self.results { $0[Self.key(1)]?.gradient?[0] = .nan }
        let failure = #expect(throws: UpdateStep.Failure.self) {
            _ = try Self.update(results)
        }
        #expect(failure?.unit == Self.key(1))
        #expect(failure?.description.contains("the gradient of unit 1") == true)
    }

    @Test("an update that leaves the finite numbers names the unit with the largest gradient")
    func overflow() throws {
        var configuration = TestTraining.configuration()
        configuration.learningRate = 3e38
        configuration.weightDecay = 10
        let results = Self.results { $0[Self.key(2)]?.gradient?[0] = 1e6 }
        let failure = #expect(throws: UpdateStep.Failure.self) {
            _ = try Self.update(results, configuration)
        }
        #expect(failure?.unit == Self.key(2))
        #expect(failure?.description.contains("p after step 0") == true)
    }
}
