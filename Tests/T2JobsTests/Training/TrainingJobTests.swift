import T2Core
import T2Jobs
import T2Learning
import T2TestSupport
import Testing

@Suite("A training job")
struct TrainingJobTests {
    private func job(_ configuration: RunConfiguration = TestTraining.configuration()) throws -> TrainingJob {
        let definition = TestTraining.definition(configuration)
        return TrainingJob(definition, from: try definition.start())
    }

    @Test("follows from its results: killed at any round and rebuilt, it takes the same way")
    func resumption() throws {
        let run = try DrivenJob.checkResumption { try job() }
        #expect(run.rounds.map(\.step) == [0, 1, 2, 3, 4])
        #expect(run.job.checkpoint.step == 4 && run.job.checkpoint.history.map(\.step) == [0, 2, 4])
    }

    @Test("goes on from any checkpoint as if it had never stopped")
    func checkpoints() throws {
        var whole = DrivenJob(try job())
        try whole.run()
        for rounds in 1..<whole.rounds.count {
            var first = DrivenJob(try job())
            try first.run(limit: rounds)
            var second = DrivenJob(TrainingJob(TestTraining.definition(), from: first.job.checkpoint))
            try second.run()
            #expect(second.rounds == Array(whole.rounds[rounds...]))
            #expect(second.job.checkpoint == whole.job.checkpoint)
        }
    }

    @Test("each round is a step's training units under its one policy, and its evaluation where that is due")
    func rounds() throws {
        var run = DrivenJob(try job())
        try run.run()
        for round in run.rounds {
            let training = round.units.filter { $0.key.phase == .train }
            let validation = round.units.filter { $0.key.phase == .validation }
            #expect(training.count == (round.step < 4 ? 4 : 0))
            #expect(validation.count == (round.step.isMultiple(of: 2) ? 3 : 0))
            #expect(round.policies.count == 1)
            #expect(round.units.allSatisfy { $0.policies == Array(round.policies) })
            for unit in training {
                #expect(unit.sequences == WorkUnit.Sequence.all(problems: 2, samples: 2))
                #expect(unit.groups.map(\.count) == [2, 2])
                #expect(unit.gradient != nil && unit.sampling?.temperature == 1)
            }
            #expect(validation.allSatisfy { $0.gradient == nil && $0.sampling?.temperature == 0 })
        }
        // The start is z = 1; every update moves it.
        let start = Policy.svf(ExpertVector(layout: TestTraining.layout, repeating: 1))
        #expect(run.rounds[0].policies == [start.digest])
        #expect(Set(run.rounds.map(\.policies)).count == 5)
    }

    @Test("tells an evaluation before the update of the same step, with the numbers of their own units")
    func events() throws {
        var run = DrivenJob(try job())
        try run.run()
        let told = run.events.map { event in
            switch event {
            case .evaluated(let metrics): "evaluation \(metrics.step)"
            case .updated(let metrics): "update \(metrics.step)"
            }
        }
        #expect(
            told == [
                "evaluation 0", "update 1", "update 2", "evaluation 2", "update 3", "update 4", "evaluation 4",
            ])
        guard case .evaluated(let evaluation) = run.events[0], case .updated(let update) = run.events[1] else { return }
        func right(_ phase: Phase) -> Int {
            run.outputs[0].filter { $0.key.phase == phase }.flatMap(\.value.completions)
                .count { $0.reward == .judged(.right) }
        }
        #expect(evaluation.problems == 6 && evaluation.correct == right(.validation))
        #expect(update.sequences == 16 && update.right == right(.train) && update.right + update.wrong == 16)
        #expect(update.completionTokens == 2 * (16 + 6))
    }

    @Test("ends for want of improvement, and keeps the best z")
    func earlyStopping() throws {
        var configuration = TestTraining.configuration(steps: 40)
        configuration.patience = 2
        configuration.evaluateEvery = 1
        configuration.learningRate = 1e-12
        var run = DrivenJob(try job(configuration))
        try run.run()
        #expect(run.job.checkpoint.step < 40)
        #expect(run.job.nextRound() == nil)
        #expect(run.job.checkpoint.bestVector != nil)
    }

    @Test("the divergence is measured in the steps that ask for it, and reported in no others", arguments: [0, 1, 3])
    func reportedDivergence(every: Int) throws {
        var configuration = TestTraining.configuration()
        configuration.reportKLEvery = every
        configuration.klCoefficient = 0
        var run = DrivenJob(try job(configuration))
        try run.run()
        let measured = run.events.compactMap { event -> Bool? in
            if case .updated(let metrics) = event { metrics.kl != nil } else { nil }
        }
        #expect(measured == (0..<4).map { every > 0 && $0.isMultiple(of: every) })
    }

    @Test("a gradient that is not finite fails the round with its unit, and moves nothing")
    func nonFinite() throws {
        var run = DrivenJob(try job())
        let start = run.job.checkpoint
        let failure = #expect(throws: UpdateStep.Failure.self) {
            try run.run { unit, policies in
                var output = SampleJobs.compute(unit, policies)
                if unit.key.phase == .train, unit.key.index == 2 { output.gradient?[0] = .nan }
                return output
            }
        }
        #expect(failure?.unit == UnitKey(run: "run", step: 0, phase: .train, index: 2))
        #expect(run.job.checkpoint.parameters == start.parameters && run.job.checkpoint.step == 0)
    }
}
