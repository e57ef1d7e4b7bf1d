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
        return UnitOutput(completions: completions, gradient: [1, 2, 3, 4])
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
        ])
    func spoiled(_ case: Spoiled) {
        var output = Self.output()
        `case`.spoil(&output)
        #expect(Self.check.defect(of: output)?.category == `case`.category)
    }
}
