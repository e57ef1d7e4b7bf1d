import T2Core
import T2Jobs
import Testing

@Suite("EvaluationSummary")
struct EvaluationSummaryTests {
    @Test("a missing reward is in no accuracy, and is reported by reason")
    func missing() throws {
        let rewards: [Reward] = [
            .judged(.right), .missing(reason: "the sandbox broke"), .judged(.wrong), .judged(.noAnswer),
            .judged(.right),
            .missing(reason: "the sandbox broke"),
        ]
        let report = EvaluationSummary(rewards.enumerated().map { completion($0, $1) }, planned: 6)
        #expect(report.total.judged == 4 && report.total.right == 2)
        #expect(report.total.accuracy == 0.5)
        #expect(report.outcomes == [.right: 2, .wrong: 1, .noAnswer: 1])
        #expect(report.missing == ["the sandbox broke": 2])
        #expect(!report.isPartial)
        let even = try #require(report.topics["even"])
        #expect(even.judged == 3 && even.right == 2)
        #expect(report.tokenCount == 60 && report.cutOff == 3)
    }

    @Test("fewer completions than planned are partial; none have no accuracy")
    func partial() {
        let report = EvaluationSummary([], planned: 3)
        #expect(report.isPartial)
        #expect(report.total.accuracy == nil && report.total.interval == nil)
    }

    private func completion(_ index: Int, _ reward: Reward) -> EvaluationRecord {
        EvaluationRecord(
            Problem(
                id: "\(index)", topic: index.isMultiple(of: 2) ? "even" : "odd", prompt: "p",
                verification: .number(answer: "1")),
            .evaluated("c", tokens: 10, finished: index.isMultiple(of: 2), reward))
    }
}
