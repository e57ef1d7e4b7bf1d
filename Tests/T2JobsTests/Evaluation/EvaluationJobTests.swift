import T2Core
import T2Jobs
import T2Learning
import Testing

@Suite("An evaluation job")
struct EvaluationJobTests {
    @Test("answers in batches of 32 under one policy, and keeps the problems' order")
    func fixedPolicy() throws {
        let policy = SampleJobs.expert(1.1).policy
        let run = try DrivenJob.checkResumption { SampleJobs.evaluation(FixedPolicy(policy)) }
        #expect(run.rounds.count == 1)
        let units = run.rounds[0].units
        #expect(units.map(\.problems.count) == [32, 32, 6])
        #expect(units.flatMap(\.problemIndices) == Array(0..<70))
        #expect(units.allSatisfy { $0.policies == [policy.digest] && $0.key.phase == .evaluation })
        #expect(units.flatMap(\.problems).allSatisfy { $0.reference == nil })
        let records = try run.job.records()
        #expect(records.map(\.id) == (0..<70).map { "test-\($0)" })
        #expect(records.allSatisfy { $0.dispatch == nil })
    }

    @Test("needs no policy to be sent for the base model")
    func baseModel() throws {
        var run = DrivenJob(SampleJobs.evaluation(FixedPolicy(.base)))
        try run.run()
        #expect(run.rounds[0].units.allSatisfy { $0.policies == [Policy.baseDigest] })
    }

    @Test("computes a second pass in batches of 32, whatever policies their rows need")
    func secondPass() throws {
        let library = try SampleLibrary()
        let run = try DrivenJob.checkResumption {
            SampleJobs.evaluation(try PromptClassification(library.experts, by: .base))
        }
        #expect(run.rounds.map { $0.units[0].key.phase } == [.classification, .evaluation])
        #expect(run.rounds.allSatisfy { $0.units.map(\.problems.count) == [32, 32, 6] })
        let dispatches = try #require(try run.job.assignment().dispatches)
        #expect(run.rounds[1].units.count { $0.policies.count == 3 } >= 2, "both experts and the base model in a batch")
        for unit in run.rounds[1].units {
            #expect(Set(unit.policies).count == unit.policies.count)
            #expect(Set(unit.sequences.map(\.policy)) == Set(unit.policies.indices))
            for (row, sequence) in unit.sequences.enumerated() {
                #expect(sequence.problem == row && sequence.sample == 0)
                let policy = try dispatches[unit.problemIndices[row]].expert.map {
                    try library.experts.entry(named: $0).expert.policy
                }
                #expect(unit.policies[sequence.policy] == (policy ?? .base).digest)
            }
        }
        #expect(try run.job.records().map(\.dispatch) == dispatches)
    }

    @Test("sends equal experts as one policy; they stay two experts by name")
    func equalExperts() throws {
        let library = try SampleLibrary(["math": 1.03, "code": 1.03])
        var run = DrivenJob(SampleJobs.evaluation(try PromptClassification(library.experts, by: .base)))
        try run.run()
        let expert = SampleJobs.expert(1.03).policy.digest
        #expect(run.rounds[1].policies == [Policy.baseDigest, expert])
        for unit in run.rounds[1].units {
            #expect(Set(unit.policies).isSubset(of: [Policy.baseDigest, expert]))
            #expect(Set(unit.policies).count == unit.policies.count)
            #expect(unit.sequences.allSatisfy { unit.policies.indices.contains($0.policy) })
        }
        #expect(Set(try run.job.records().compactMap { $0.dispatch?.expert }) == ["math", "code"])
    }

    @Test("searches first where it is to answer with a few-shot mixture")
    func fewShot() throws {
        let run = try DrivenJob.checkResumption {
            SampleJobs.evaluation(FewShotMixture(try SampleJobs.search(.cem, name: "eval")))
        }
        #expect(run.events.map(\.iteration) == [1, 2, 3, 4])
        let mixture = try #require(try run.job.assignment().search?.mixture.policy)
        let last = try #require(run.rounds.last)
        #expect(last.units.allSatisfy { $0.key.phase == .evaluation && $0.policies == [mixture.digest] })
        #expect(run.rounds.dropLast().allSatisfy { $0.units.allSatisfy { $0.key.phase != .evaluation } })
    }

    @Test("reports answers without a reward, but never searches with a reward that is missing")
    func missingRewards() throws {
        var run = DrivenJob(SampleJobs.evaluation(FewShotMixture(try SampleJobs.search(.cem, name: "eval"))))
        var policies: [Phase: MissingRewardHandling] = [:]
        while let round = try run.job.nextRound() {
            policies[round.units[0].key.phase] = run.job.missingRewards(in: round)
            try run.run(limit: 1)
        }
        #expect(policies == [.answers: .stop(limit: 1), .references: .stop(limit: 1), .evaluation: .report])
    }

    @Test("that was stopped has the answers of its finished units, with what was decided")
    func partial() throws {
        let library = try SampleLibrary()
        var run = DrivenJob(SampleJobs.evaluation(try PromptClassification(library.experts, by: .base)))
        let first = try #require(try run.job.nextRound())
        #expect(try run.job.records(partial: RoundResults(round: first, outputs: [:])).isEmpty)
        try run.run(limit: 1)
        let round = try #require(try run.job.nextRound())
        let unit = round.units[1]
        let results = RoundResults(round: round, outputs: [unit.key: SampleJobs.compute(unit, round.policies)])
        let records = try run.job.records(partial: results)
        #expect(records.map(\.id) == (32..<64).map { "test-\($0)" })
        #expect(records.allSatisfy { $0.dispatch != nil })
        #expect(try run.job.records().isEmpty)
    }

    @Test("decides in its first pass as a dispatch job does")
    func dispatchJob() throws {
        let library = try SampleLibrary()
        let run = try DrivenJob.checkResumption {
            FirstPassJob(
                name: "eval", model: SampleJobs.model, prompts: SampleJobs.problems(70).map(\.withoutReference),
                strategy: try PromptClassification(library.experts, by: .expert), seed: 1)
        }
        var evaluation = DrivenJob(SampleJobs.evaluation(try PromptClassification(library.experts, by: .expert)))
        try evaluation.run()
        #expect(run.rounds == [evaluation.rounds[0]])
        #expect(try run.job.assignment().dispatches == evaluation.job.assignment().dispatches)
        let drawn = FirstPassJob(
            name: "d", model: SampleJobs.model, prompts: SampleJobs.problems(5),
            strategy: RandomExpert([SampleJobs.entry("math", 1.03)]))
        #expect(try drawn.nextRound() == nil, "there is nothing to ask")
        #expect(try drawn.assignment().dispatches?.map(\.expert) == [String?](repeating: "math", count: 5))
    }
}
