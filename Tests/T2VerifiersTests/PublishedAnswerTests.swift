import Foundation
import T2TestSupport
import T2Verifiers
import Testing

@Suite("Answers of published data")
struct PublishedAnswerTests {
    private static func lines<Record: Decodable>(_ file: String, as type: Record.Type) throws -> [Record] {
        try Data(contentsOf: URL(filePath: PublishedFiles.datasets.path(file))).split(separator: UInt8(ascii: "\n")).map
        {
            try JSONDecoder().decode(type, from: $0)
        }
    }

    private struct Solution: Decodable {
        let answer: String
    }

    @Test(
        "every gold of GSM8K verifies against itself",
        .enabled(
            if: PublishedFiles.datasets.have(["gsm8k/train.jsonl", "gsm8k/test.jsonl"]),
            "\(PublishedFiles.datasets.absence(of: ["gsm8k/train.jsonl", "gsm8k/test.jsonl"]))"),
        arguments: [("gsm8k/train.jsonl", 7473), ("gsm8k/test.jsonl", 1319)])
    func gradeSchoolMath(path: String, count: Int) throws {
        let solutions = try Self.lines(path, as: Solution.self)
        #expect(solutions.count == count)
        for solution in solutions {
            let gold = try #require(solution.answer.components(separatedBy: "#### ").last)
            let found = try #require(NumberAnswer(inCompletion: solution.answer), "\(gold)")
            #expect(found == NumberAnswer(gold))
            #expect(found == NumberAnswer(gold.replacing(",", with: "")), "thousands separators change nothing")
            #expect(found.text == gold)
        }
    }

    private struct NumberPair: Decodable {
        let gold: String
        let pred: String?
        let equal: Bool
    }

    @Test(
        "judgements of GSM8K's model solutions agree",
        .enabled(
            if: PublishedFiles.datasets.have(["answer_pairs/gsm8k_model_answers.jsonl"]),
            "\(PublishedFiles.datasets.absence(of: ["answer_pairs/gsm8k_model_answers.jsonl"]))"))
    func modelSolutions() throws {
        let pairs = try Self.lines("answer_pairs/gsm8k_model_answers.jsonl", as: NumberPair.self)
        #expect(pairs.count == 2638)
        for pair in pairs {
            let gold = try #require(NumberAnswer(pair.gold))
            let found = pair.pred.flatMap { NumberAnswer(inCompletion: "#### \($0)") }
            #expect((found == gold) == pair.equal, "\(pair)")
            #expect((found != nil) == (pair.pred != nil), "\(pair)")
        }
    }

    private struct Question: Decodable {
        struct Choice: Decodable {
            let text: String
            let label: String
        }
        struct Stem: Decodable {
            let choices: [Choice]
        }
        let id: String
        let question: Stem
        let answerKey: String
    }

    private static let questionFiles = [
        ("arc/ARC-Easy/ARC-Easy-Train.jsonl", 2251), ("arc/ARC-Easy/ARC-Easy-Dev.jsonl", 570),
        ("arc/ARC-Easy/ARC-Easy-Test.jsonl", 2376), ("arc/ARC-Challenge/ARC-Challenge-Test.jsonl", 1172),
    ]

    @Test(
        "every key of ARC verifies as letter, label and text",
        .enabled(
            if: PublishedFiles.datasets.have(questionFiles.map(\.0)),
            "\(PublishedFiles.datasets.absence(of: questionFiles.map(\.0)))"),
        arguments: questionFiles)
    func reasoningChallenge(path: String, count: Int) throws {
        let questions = try Self.lines(path, as: Question.self)
        #expect(questions.count == count)
        for question in questions {
            let choices = question.question.choices
            let index = try #require(choices.firstIndex { $0.label == question.answerKey })
            let letter = String(try #require(Unicode.Scalar(65 + index)))
            let gold = try #require(ChoiceAnswer(letter))
            let options = choices.map(\.text)
            for form in [
                "The answer is (\(letter)).", letter, "#### \(letter.lowercased())", "\\boxed{\\text{(\(letter))}}",
            ] {
                #expect(ChoiceAnswer(inCompletion: form, options: options) == gold, "\(question.id): \(form)")
            }
            let text = options[index]
            let byText = ChoiceAnswer(inCompletion: "So the answer is \(text)", options: options)
            // A text of one letter is that letter first: the C of carbon is option C.
            if text.utf8.count > 1 {
                #expect(byText == gold, "\(question.id): \(text)")
            }
        }
    }

    private struct FormulaPair: Decodable {
        let a: String
        let b: String
        let equal: Bool
        let `case`: String
    }

    /// Pairs of which we judge otherwise than the published judge, with the reason; there are none.
    ///
    /// Other pairs do differ, because that judge compares strings and we compare values: see
    /// `LatexAnswerTests.beyondStrings`.
    private static let differences: [String: String] = [:]

    @Test(
        "judgements of LaTeX pairs agree, but for the listed ones",
        .enabled(
            if: PublishedFiles.datasets.have(["answer_pairs/hendrycks_math_equivalence.jsonl"]),
            "\(PublishedFiles.datasets.absence(of: ["answer_pairs/hendrycks_math_equivalence.jsonl"]))"))
    func formulas() throws {
        let pairs = try Self.lines("answer_pairs/hendrycks_math_equivalence.jsonl", as: FormulaPair.self)
        #expect(pairs.count == 16)
        for pair in pairs {
            let expected = Self.differences[pair.case] == nil ? pair.equal : !pair.equal
            #expect((LatexAnswer(pair.a) == LatexAnswer(pair.b)) == expected, "\(pair)")
            #expect((LatexAnswer(pair.b) == LatexAnswer(pair.a)) == expected, "\(pair)")
        }
    }
}
