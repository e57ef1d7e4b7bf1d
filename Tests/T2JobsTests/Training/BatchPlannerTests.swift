import T2Core
import T2Jobs
import Testing

struct BatchPlannerTests {
    static func planner(
        seed: UInt64 = 7, problems: Int = 50, promptsPerStep: Int = 16, promptsPerUnit: Int = 5, steps: Int = 20,
        evaluateEvery: Int = 10
    ) -> BatchPlanner {
        var configuration = RunConfiguration()
        configuration.seed = seed
        configuration.promptsPerStep = promptsPerStep
        configuration.promptsPerUnit = promptsPerUnit
        configuration.steps = steps
        configuration.evaluateEvery = evaluateEvery
        configuration.validationProblems = 12
        return BatchPlanner(run: "r", trainingProblems: problems, validationProblems: 40, configuration: configuration)
    }

    @Test("each training problem comes once an epoch", arguments: [16, 50, 70])
    func epochs(promptsPerStep: Int) {
        let planner = Self.planner(promptsPerStep: promptsPerStep)
        let stream = (0..<50).flatMap { planner.trainingIndices(step: $0) }
        for epoch in 0..<(stream.count / 50) {
            #expect(stream[epoch * 50..<(epoch + 1) * 50].sorted() == Array(0..<50))
        }
    }

    @Test("epochs and seeds have orders of their own")
    func orders() {
        let planner = Self.planner(promptsPerStep: 50)
        #expect(planner.trainingIndices(step: 0) != planner.trainingIndices(step: 1))
        #expect(planner.trainingIndices(step: 0) != Self.planner(seed: 8, promptsPerStep: 50).trainingIndices(step: 0))
    }

    @Test("a step's plan needs no history")
    func counterBased() {
        let planner = Self.planner()
        let forward = (0...20).map { planner.work(step: $0) }
        let backward = (0...20).reversed().map { planner.work(step: $0) }
        #expect(forward == backward.reversed())
    }

    @Test("how a step is cut into units changes neither its problems nor their indices", arguments: [1, 3, 16])
    func cutting(promptsPerUnit: Int) {
        let units = Self.planner(promptsPerUnit: promptsPerUnit).work(step: 3)
        let whole = Self.planner(promptsPerUnit: 16).work(step: 3)
        #expect(units.flatMap(\.problems) == whole[0].problems)
        #expect(units.flatMap(\.indices) == Array(0..<16))
        #expect(units.map(\.key.index) == Array(units.indices))
        #expect(units.allSatisfy { $0.problems.count <= promptsPerUnit })
    }

    @Test("the first z, every tenth and the last are evaluated; the last trains nothing more")
    func evaluations() {
        let planner = Self.planner(steps: 25)
        #expect((0...25).filter(planner.isEvaluated) == [0, 10, 20, 25])
        #expect(
            planner.work(step: 0).map(\.key.phase) == [
                .train, .train, .train, .train, .validation, .validation, .validation,
            ])
        #expect(planner.work(step: 1).allSatisfy { $0.key.phase == .train })
        #expect(planner.work(step: 25).allSatisfy { $0.key.phase == .validation })
    }

    @Test("evaluations take the first validation problems, in order, every time")
    func validation() {
        let planner = Self.planner()
        for step in [0, 10, 20] {
            let units = planner.work(step: step).filter { $0.key.phase == .validation }
            #expect(units.flatMap(\.problems) == Array(0..<12))
            #expect(units.flatMap(\.indices) == Array(0..<12))
        }
    }
}
