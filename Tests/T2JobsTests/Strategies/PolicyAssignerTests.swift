import T2Core
import T2Formats
import T2Jobs
import T2Learning
import Testing

@Suite("Policy assigners")
struct PolicyAssignerTests {
    private static let context: AssignmentContext = ("eval", 1)
    private static let entries = [
        SampleJobs.entry("code", 0.98), SampleJobs.entry("math", 1.03), SampleJobs.entry("text", 1.01),
    ]

    @Test("one policy answers everything", arguments: [Policy.base, SampleJobs.expert(1.2).policy])
    func fixedPolicy(policy: Policy) {
        let assigner = FixedPolicy(policy)
        let prompts = SampleJobs.problems(3)
        #expect(assigner.nextRound(prompts, Self.context) == nil)
        let assignment = assigner.assignment(prompts, Self.context)
        #expect(assignment.policies == [policy] && assignment.indices == [0, 0, 0])
        #expect(assignment.dispatches == nil && assignment.search == nil)
    }

    @Test("experts are drawn by the seed and the problem's index alone")
    func draws() {
        let prompts = SampleJobs.problems(200)
        func draw(_ entries: [ExpertLibrary.Entry], _ count: Int = 200, seed: UInt64 = 1, run: String = "eval")
            -> [String?]
        {
            RandomExpert(entries).assignment(Array(prompts.prefix(count)), (run, seed)).dispatches?
                .map(\.expert) ?? []
        }
        let drawn = draw(Self.entries)
        #expect(drawn == draw(Self.entries.reversed(), run: "another"))
        #expect(draw(Self.entries, 50) == Array(drawn.prefix(50)))
        #expect(drawn != draw(Self.entries, seed: 2))
    }

    @Test("experts are drawn with equal probability", arguments: [1, 2, 3] as [UInt64])
    func uniform(seed: UInt64) {
        let count = 3000
        let assignment = RandomExpert(Self.entries).assignment(
            SampleJobs.problems(count), ("eval", seed))
        // Five standard deviations of a binomial share of 1/3.
        let tolerance = 5 * (Double(count) * 2 / 9).squareRoot()
        for entry in Self.entries {
            let index = assignment.policies.firstIndex(of: entry.expert.policy)
            let found = assignment.indices.count { $0 == index }
            #expect(abs(Double(found) - Double(count) / 3) < tolerance, "\(entry.name): \(found)")
            #expect(assignment.dispatches?.count { $0.expert == entry.name } == found)
        }
    }

    @Test("a mixture is searched as a search job would, and then answers everything")
    func fewShotMixture() throws {
        let search = try SampleJobs.search(.cem)
        var alone = DrivenJob(search)
        try alone.run()
        var assigner = FewShotMixture(search)
        let prompts = SampleJobs.problems(3)
        var (rounds, iterations): ([RoundContent], [FewShotSearch.Iteration]) = ([], [])
        while let round = assigner.nextRound(prompts, Self.context) {
            rounds.append(RoundContent(round))
            iterations += try assigner.take(Self.results(round))
        }
        #expect(rounds == alone.rounds && iterations == alone.events)
        let assignment = try assigner.assignment(prompts, Self.context)
        #expect(assignment.policies == [try alone.job.result().mixture.policy] && assignment.indices == [0, 0, 0])
        #expect(assignment.search?.solution.iterations == iterations)
    }

    /// The round's results, with other texts if some are given.
    private static func results(_ round: Round, _ text: ((Int) -> String)? = nil) -> RoundResults {
        let outputs = round.units.map { unit in
            var output = SampleJobs.compute(unit, round.policies)
            for index in output.completions.indices {
                if let text { output.completions[index].text = text(output.completions[index].problemIndex) }
            }
            return (unit.key, output)
        }
        return RoundResults(round: round, outputs: Dictionary(uniqueKeysWithValues: outputs))
    }

    @Test(
        "a classifier is asked one question a prompt, which nothing judges",
        arguments: [PromptClassifier.base, .expert])
    func questions(classifier: PromptClassifier) throws {
        let library = try SampleLibrary()
        let assigner = try PromptClassification(library.experts, by: classifier)
        let round = try #require(assigner.nextRound(SampleJobs.problems(40), Self.context))
        let router = try library.experts.entry(named: "router").expert.policy.digest
        #expect(round.units.map(\.problems.count) == [32, 8])
        for unit in round.units {
            #expect(unit.policies == [classifier == .base ? Policy.baseDigest : router])
            #expect(unit.key.phase == .classification && unit.sampling?.temperature == 0 && unit.gradient == nil)
            #expect(unit.problems.allSatisfy { $0.verification == .unverified })
            #expect(unit.problems.map(\.id) == unit.problemIndices.map { "test-\($0)" })
        }
        #expect(round.units[0].problems[3].prompt == "Classify as code, math or other.\ntest 3?\nCategory:")
    }

    @Test("the expert of the category answers, and the base model where none is named")
    func classification() throws {
        let library = try SampleLibrary()
        let prompts = SampleJobs.problems(40)
        var assigner = try PromptClassification(library.experts, by: .base)
        let round = try #require(assigner.nextRound(prompts, Self.context))
        let texts = [#"\boxed{math}"#, #"It is \boxed{code}"#, #"\boxed{poetry}"#, "math"]
        #expect(try assigner.take(Self.results(round) { texts[$0 % 4] }).isEmpty)
        #expect(assigner.nextRound(prompts, Self.context) == nil)
        let assignment = assigner.assignment(prompts, Self.context)
        let expected = [SampleJobs.expert(1.03).policy, SampleJobs.expert(0.98).policy, .base, .base]
        #expect(assignment.indices.map { assignment.policies[$0] } == (0..<40).map { expected[$0 % 4] })
        let dispatches = try #require(assignment.dispatches).prefix(4)
        #expect(dispatches.map(\.category) == ["math", "code", "other", "other"])
        #expect(dispatches.map(\.expert) == ["math", "code", nil, nil])
        #expect(dispatches.map(\.answer) == texts)
    }
}
