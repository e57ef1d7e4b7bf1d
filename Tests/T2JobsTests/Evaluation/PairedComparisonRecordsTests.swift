import T2Core
import T2Jobs
import Testing

@Suite("PairedComparison of records")
struct PairedComparisonRecordsTests {
    @Test("pairs are counted by problem, whatever the order; missing rewards on either side are excluded and counted")
    func counts() throws {
        let first = evaluated(
            "first", ["1": "r", "2": "r", "3": "w", "4": "w", "5": "n", "6": "m", "7": "r", "8": "m"])
        let second = evaluated(
            "second", ["8": "m", "7": "m", "6": "r", "5": "r", "4": "n", "3": "r", "2": "w", "1": "r"])
        let comparison = try PairedComparison(first, second)
        #expect(comparison.bothRight == 1 && comparison.onlyFirst == 1 && comparison.onlySecond == 2)
        #expect(comparison.bothWrong == 1 && comparison.excluded == 3)
        #expect(comparison.difference == 0.2)
        #expect(comparison.first.correct == 2 && comparison.second.correct == 3)
    }

    @Test("different problems: the first that only one has is named, with both files")
    func differentProblems() throws {
        let small = evaluated("small", ["a": "r", "b": "r"])
        let large = evaluated("large", ["a": "r", "b": "w", "d": "w", "c": "w"])
        let other = evaluated("other", ["a": "r", "c": "r"])
        #expect(message(small, large).hasPrefix("small: has 2 problems and not 'd', which is among the 4 of large."))
        #expect(message(large, small).hasPrefix("small: has 2 problems and not 'd', which is among the 4 of large."))
        #expect(message(small, other).hasPrefix("other: has 2 problems and not 'b', which is among the 2 of small."))
    }

    @Test("the same id with another prompt is another problem")
    func differentPrompt() {
        let first = evaluated("first", ["a": "r", "b": "r"])
        let second = evaluated("second", ["a": "r", "b": "r"], prompt: "other")
        #expect(message(first, second).hasPrefix("second: its problem 'a' has another prompt than in first."))
    }

    @Test("nothing judged in both is an error, not a difference of 0")
    func nothingJudged() {
        let error = message(evaluated("x", ["a": "m", "b": "r"]), evaluated("y", ["a": "r", "b": "m"]))
        #expect(error.contains("none of its 2 problems was judged both here and in x"))
    }

    private func message(_ first: PairedComparison.Evaluated, _ second: PairedComparison.Evaluated) -> String {
        do {
            _ = try PairedComparison(first, second)
            return "no error"
        } catch { return "\(error)" }
    }

    /// Problems in the order given: right, wrong, no answer or missing.
    private func evaluated(
        _ name: String, _ rewards: KeyValuePairs<String, Character>, prompt: String = "p"
    ) -> PairedComparison.Evaluated {
        let outcomes: [Character: Reward] = [
            "r": .judged(.right), "w": .judged(.wrong), "n": .judged(.noAnswer), "m": .missing(reason: "sandbox"),
        ]
        let records = rewards.map { id, letter in
            EvaluationRecord(
                Problem(id: id, topic: "t", prompt: prompt, verification: .number(answer: "1")),
                .evaluated("c", tokens: 1, finished: true, outcomes[letter] ?? .missing(reason: "unknown letter")))
        }
        return (name, records)
    }
}
