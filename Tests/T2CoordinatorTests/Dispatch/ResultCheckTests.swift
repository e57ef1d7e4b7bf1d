import T2Coordinator
import T2Core
import Testing

struct ResultCheckTests {
    static let unit = WorkUnit(
        key: UnitKey(run: "r", step: 0, phase: .train, index: 0), seed: 1, problems: TestRun.problems("p", 2),
        problemIndices: [4, 5], sequences: WorkUnit.Sequence.all(problems: 2, samples: 2),
        policies: [TestRun.start.digest], sampling: Sampling(temperature: 1, maxTokens: 3),
        gradient: GradientSpecification(
            advantage: .none, runningMeanReward: 0, klCoefficient: 0, klDirection: .policyReference, klEstimator: .exact
        ))
    static let check = ResultCheck(unit, model: TestRun.model.configuration, gradientCount: 4)

    static func output() -> UnitOutput {
        let completions = unit.sequences.map { sequence in
            var completion = Completion(prompt: [1], tokens: [1, 9], logProbabilities: [-1, -2], finishReason: .stop)
            completion.problem = unit.problems[sequence.problem].id
            completion.problemIndex = unit.problemIndices[sequence.problem]
            completion.sample = sequence.sample
            completion.reward = .judged(.wrong)
            completion.advantage = -1
            return completion
        }
        var output = UnitOutput(completions: completions, gradient: [1, 2, 3, 4])
        output.statistics.completionTokens = 8
        output.statistics.missing = ["judged at the second try": 4]
        return output
    }

    @Test("a result that answers its lease has no defect")
    func valid() {
        #expect(Self.check.defect(of: Self.output()) == nil)
    }

    struct Spoiled: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let category: FailureCategory
        let spoil: @Sendable (inout UnitOutput) -> Void

        init(
            _ description: String, _ category: FailureCategory, _ spoil: @escaping @Sendable (inout UnitOutput) -> Void
        ) {
            testDescription = description
            self.category = category
            self.spoil = spoil
        }
    }

    @Test(
        "a spoiled result is refused with its category",
        arguments: [
            Spoiled("a completion too few", .malformedResult) { $0.completions.removeLast() },
            Spoiled("another problem", .malformedResult) { $0.completions[1].problem = "q" },
            Spoiled("another problem index", .malformedResult) { $0.completions[1].problemIndex = 5 },
            Spoiled("samples in another order", .malformedResult) { $0.completions.swapAt(0, 1) },
            Spoiled("another policy", .malformedResult) { $0.completions[1].policy = 1 },
            Spoiled("too many tokens", .malformedResult) {
                $0.completions[0].tokens = [1, 2, 3, 4]
                $0.completions[0].logProbabilities = [-1, -1, -1, -1]
            },
            Spoiled("a token beyond the vocabulary", .malformedResult) { $0.completions[0].tokens[0] = 100 },
            Spoiled("a negative token", .malformedResult) { $0.completions[0].tokens[0] = -1 },
            Spoiled("a prompt token beyond the vocabulary", .malformedResult) { $0.completions[0].prompt[0] = 100 },
            Spoiled("a log-probability too few", .malformedResult) { $0.completions[0].logProbabilities.removeLast() },
            Spoiled("no gradient", .malformedResult) { $0.gradient = nil },
            Spoiled("a gradient of another size", .malformedResult) { $0.gradient = [1] },
            Spoiled("a NaN in the gradient", .nonFinite) { $0.gradient?[3] = .nan },
            Spoiled("an infinite log-probability", .nonFinite) { $0.completions[3].logProbabilities[1] = -.infinity },
            Spoiled("a NaN advantage", .nonFinite) { $0.completions[2].advantage = .nan },
            Spoiled("an infinite loss", .nonFinite) { $0.statistics.policyLoss = .infinity },
            Spoiled("a missing reward", .missingReward) { $0.completions[2].reward = .missing(reason: "no sandbox") },
            Spoiled("more missing rewards than completions", .malformedResult) {
                $0.statistics.missing = ["x": 3, "y": 2]
            },
            Spoiled("missing rewards whose sum overflows", .malformedResult) {
                $0.statistics.missing = ["x": .max, "y": 1]
            },
            Spoiled("a negative number of missing rewards", .malformedResult) { $0.statistics.missing = ["x": -1] },
            Spoiled("no missing reward for a reason", .malformedResult) { $0.statistics.missing = ["x": 0] },
            Spoiled("a reason of a million bytes", .malformedResult) {
                $0.statistics.missing = [String(repeating: "x", count: 1_000_000): 1]
            },
            Spoiled("a text that its tokens cannot make", .malformedResult) {
                $0.completions[1].text = String(repeating: "x", count: 10_000)
            },
            Spoiled("a positive log-probability", .malformedResult) { $0.completions[0].logProbabilities[0] = 1 },
            Spoiled("the smallest log-probability", .malformedResult) {
                $0.completions[0].logProbabilities[0] = -.greatestFiniteMagnitude
            },
            Spoiled("an advantage beyond the rewards", .malformedResult) { $0.completions[3].advantage = -3 },
            Spoiled("a gradient of 1e30", .malformedResult) { $0.gradient?[2] = 1e30 },
            Spoiled("the largest gradient", .malformedResult) { $0.gradient?[2] = -.greatestFiniteMagnitude },
            Spoiled("a loss whose sum is infinite", .malformedResult) { $0.statistics.policyLoss = 1.7e308 },
            Spoiled("a divergence whose sum is infinite", .malformedResult) { $0.statistics.kl = -1.7e308 },
            Spoiled("a negative difference", .malformedResult) { $0.statistics.largestLogProbabilityDifference = -1 },
            Spoiled("more seconds than a life", .malformedResult) { $0.statistics.samplingSeconds = 1e300 },
            Spoiled("negative seconds", .malformedResult) { $0.statistics.rewardSeconds = -1 },
            Spoiled("tokens that are not there", .malformedResult) { $0.statistics.completionTokens = 9 },
            Spoiled("more groups of equal rewards than completions", .malformedResult) {
                $0.statistics.equalRewardGroups = 5
            },
        ])
    func spoiled(_ case: Spoiled) {
        var output = Self.output()
        `case`.spoil(&output)
        #expect(Self.check.defect(of: output)?.category == `case`.category)
    }
}
