import T2Coordinator
import T2Core
import T2Transport
import Testing

struct ResultCheckTests {
    static let check = ResultCheck(
        problems: TestRun.problems("p", 2), problemNumbers: [4, 5], samplesPerPrompt: 2, maxTokens: 3,
        vocabularySize: 10,
        gradientCount: 4)

    static func result() -> UnitResult {
        let rollouts = (0..<4).map { place in
            RolloutReport(
                problem: "p-\(place / 2)", problemNumber: 4 + place / 2, sample: place % 2, tokens: [1, 9],
                logProbabilities: [-1, -2], completion: "x", reward: .judged(.wrong), advantage: -1, finished: true)
        }
        return UnitResult(
            unit: UnitKey(run: "r", step: 0, phase: .train, index: 0), attempt: 1, epoch: 1, rollouts: rollouts,
            statistics: UnitStatistics(), gradient: [1, 2, 3, 4])
    }

    @Test("a result that answers its lease has no defect")
    func valid() {
        #expect(Self.check.defect(of: Self.result()) == nil)
    }

    struct Spoiled: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let category: ResultDefect.Category
        let spoil: @Sendable (inout UnitResult) -> Void
    }

    @Test(
        "a spoiled result is refused with its category",
        arguments: [
            Spoiled(testDescription: "a rollout too few", category: .malformed) { $0.rollouts.removeLast() },
            Spoiled(testDescription: "another problem", category: .malformed) { $0.rollouts[1].problem = "q" },
            Spoiled(testDescription: "another problem number", category: .malformed) {
                $0.rollouts[1].problemNumber = 5
            },
            Spoiled(testDescription: "samples in another order", category: .malformed) { $0.rollouts.swapAt(0, 1) },
            Spoiled(testDescription: "too many tokens", category: .malformed) { $0.rollouts[0].tokens = [1, 2, 3, 4] },
            Spoiled(testDescription: "a token beyond the vocabulary", category: .malformed) {
                $0.rollouts[0].tokens[0] = 10
            },
            Spoiled(testDescription: "a negative token", category: .malformed) { $0.rollouts[0].tokens[0] = -1 },
            Spoiled(testDescription: "a log-probability too few", category: .malformed) {
                $0.rollouts[0].logProbabilities.removeLast()
            },
            Spoiled(testDescription: "no gradient", category: .malformed) { $0.gradient = nil },
            Spoiled(testDescription: "a gradient of another size", category: .malformed) { $0.gradient = [1] },
            Spoiled(testDescription: "a NaN in the gradient", category: .nonFinite) { $0.gradient?[3] = .nan },
            Spoiled(testDescription: "an infinite log-probability", category: .nonFinite) {
                $0.rollouts[3].logProbabilities[1] = -.infinity
            },
            Spoiled(testDescription: "a NaN advantage", category: .nonFinite) { $0.rollouts[2].advantage = .nan },
            Spoiled(testDescription: "an infinite loss", category: .nonFinite) { $0.statistics.policyLoss = .infinity },
            Spoiled(testDescription: "a missing reward", category: .missingReward) {
                $0.rollouts[2].reward = .missing(reason: "no sandbox")
            },
        ])
    func spoiled(_ case: Spoiled) {
        var result = Self.result()
        `case`.spoil(&result)
        #expect(Self.check.defect(of: result)?.category == `case`.category)
    }
}
