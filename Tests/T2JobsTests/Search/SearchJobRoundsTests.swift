import T2Core
import T2Jobs
import T2Learning
import Testing

@Suite("The rounds of a search job")
struct SearchJobRoundsTests {
    private func job(_ method: FewShotSearch.Method) throws -> SearchJob {
        try SampleJobs.search(method)
    }

    @Test(
        "follow from its results: killed at any round and rebuilt, it takes the same way",
        arguments: FewShotSearch.Method.allCases)
    func resumption(method: FewShotSearch.Method) throws {
        let run = try DrivenJob.checkResumption { try job(method) }
        #expect(run.events.map(\.iteration) == [1, 2, 3, 4])
        #expect(run.events.allSatisfy { $0.method == method })
        let found = try run.job.result()
        #expect(found.solution.iterations == run.events)
        #expect(found.solution.alpha == run.events.last?.bestAlpha)
    }

    @Test(
        "begin with every candidate's greedy answer to every shot, candidate by candidate",
        arguments: [FewShotSearch.Method.cem, .random])
    func answers(method: FewShotSearch.Method) throws {
        var run = DrivenJob(try job(method))
        try run.run(limit: 1)
        let units = run.rounds[0].units
        #expect(units.map(\.key) == [UnitKey(run: "search", step: 0, phase: .answers, index: 0)])
        let unit = units[0]
        #expect(unit.sequences.map(\.problem) == (0..<6).flatMap { _ in 0..<5 })
        #expect(unit.sequences.map(\.sample) == (0..<6).flatMap { [Int](repeating: $0, count: 5) })
        #expect(unit.policies.count == 6 && unit.sequences.map(\.policy) == unit.sequences.map(\.sample))
        #expect(unit.sampling?.temperature == 0 && unit.gradient == nil)
        #expect(unit.problems.allSatisfy { $0.reference == nil })
    }

    @Test("take a gradient of samples that are compared with one another, a unit for each shot")
    func gradient() throws {
        var run = DrivenJob(try job(.gradient))
        try run.run()
        let iteration: [Phase] = [.answers, .references, .mixtureGradient]
        #expect(run.rounds.map { $0.units[0].key.phase } == (0..<4).flatMap { _ in iteration }.dropLast())
        let round = run.rounds[2]
        #expect(round.step == 0 && round.units.count == 5)
        for (index, unit) in round.units.enumerated() {
            #expect(unit.problemIndices == [index])
            #expect(unit.sequences == WorkUnit.Sequence.all(problems: 1, samples: 5))
            #expect(unit.gradient?.advantage == .groupMean && unit.sampling?.temperature == 1)
            #expect(unit.policies == run.rounds[0].units[0].policies)
        }
        // α has moved.
        #expect(run.rounds[3].policies != run.rounds[0].policies)
    }

    @Test("score references of undecided candidates alone, a unit for each")
    func references() throws {
        var run = DrivenJob(try job(.cem))
        try run.run()
        let rounds = run.rounds.enumerated().filter { $0.element.units[0].key.phase == .references }
        #expect(!rounds.isEmpty)
        for (index, round) in rounds {
            let before = run.rounds[index - 1]
            #expect(before.step == round.step && before.units[0].key.phase == .answers)
            #expect(round.units.count <= 6 && round.policies.isSubset(of: before.policies))
            for unit in round.units {
                #expect(unit.sampling == nil && unit.policies.count == 1)
                #expect(unit.problems == SampleJobs.problems(5))
            }
        }
    }

    @Test("send equal candidates as one policy, which answers for each of them")
    func equalCandidates() throws {
        // With one expert, whose coefficient is normalised, all candidates are that expert.
        let entries = [SampleJobs.entry("math", 1.03)]
        var run = DrivenJob(try SampleJobs.search(.cem, entries: entries, isNormalized: true))
        try run.run(limit: 1)
        let unit = run.rounds[0].units[0]
        #expect(unit.policies == [SampleJobs.expert(1.03).policy.digest] && run.rounds[0].policies.count == 1)
        #expect(unit.sequences.count == 30 && unit.sequences.allSatisfy { $0.policy == 0 })
        #expect(unit.sequences.map(\.sample) == (0..<6).flatMap { [Int](repeating: $0, count: 5) })
    }

    @Test("cut the answers to many shots into units of whole candidates")
    func batches() throws {
        var run = DrivenJob(try SampleJobs.search(.cem, shots: 30))
        try run.run(limit: 1)
        let units = run.rounds[0].units
        #expect(units.map(\.key.index) == [0, 1, 2])
        #expect(units.allSatisfy { $0.sequences.count == 60 && $0.policies.count == 2 })
        #expect(units.flatMap(\.sequences).map(\.sample) == (0..<6).flatMap { [Int](repeating: $0, count: 30) })
    }

    @Test("end with an error at a gradient that is not finite")
    func nonFinite() throws {
        var run = DrivenJob(try job(.gradient))
        let error = #expect(throws: InputError.self) {
            try run.run { unit, policies in
                var output = SampleJobs.compute(unit, policies)
                output.gradient?[1] = .infinity
                return output
            }
        }
        #expect(error?.description.contains("the gradient of 'a.weight'") == true)
    }

    @Test("have a result once an iteration has ended, and none before")
    func stopped() throws {
        var run = DrivenJob(try job(.cem))
        let error = #expect(throws: InputError.self) { try run.job.result(isStopped: true) }
        #expect(error?.exitStatus == .tryAgain)
        while run.events.isEmpty { try run.run(limit: 1) }
        #expect(try run.job.result(isStopped: true).solution.endedEarly == "stopped")
    }
}
