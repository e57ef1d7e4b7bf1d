import Foundation
import T2Core

/// Word problems of grade-school mathematics. A record is `{question, answer}`; the answer ends with `#### ` and a
/// number.
///
/// - Source: Cobbe et al., arXiv 2110.14168.
struct GSM8K: PublishedDataset {
    let task = "gsm8k"
    let summary = "word problems; reasoning, then #### and a number"
    let hasIDs = false
    let maxTokens: Int? = 512
    let plainStopStrings = ["\nQuestion:", "\n\n\n"]

    var parts: [Split: DatasetPart] {
        func paths(_ file: String) -> [String] {
            ["gsm8k/\(file)", "gsm8k/main/\(file)", "grade-school-math/grade_school_math/data/\(file)", file]
        }
        return .halving(train: paths("train"), test: paths("test"))
    }

    private struct Record: Decodable {
        let question: String
        let answer: String
    }

    private static let mark = "####"

    func problem(_ record: RecordText, file: String) throws -> PublishedProblem {
        let fields = try JSONDecoder().decode(Record.self, from: record.content)
        if fields.question.isBlank { throw RecordFlaw("question is empty") }
        let pieces = fields.answer.components(separatedBy: Self.mark)
        guard pieces.count == 2 else {
            throw RecordFlaw("answer holds \(Self.mark) \(pieces.count - 1) times, expected it once, before the number")
        }
        let gold = try Gold.number(pieces[1].trimmingCharacters(in: .whitespacesAndNewlines))
        let reasoning = pieces[0].replacing(#/<<[^<>\n]*>>/#, with: "").trimmingCharacters(in: .whitespacesAndNewlines)
        let reference = "\(reasoning)\n\(Self.mark) \(gold)"
        let instruction =
            "Reason step by step, and close with a line that holds only \(Self.mark) and the result, a plain number."
        return PublishedProblem(
            id: "gsm8k/\(file)/\(record.index)", topic: "gsm8k", question: fields.question,
            chat: ("\(instruction) For example:\n\(Self.mark) 42\n\n\(fields.question)", reference),
            plain: ("\(instruction)\n\nQuestion: \(fields.question)\nAnswer:", " \(reference)"),
            verification: .number(answer: gold))
    }

    /// `answer` is the number, or the published text that ends with the number.
    func verification(of record: Data) throws -> Verification {
        let answer = try JSONDecoder().decode(AnswerField.self, from: record).answer
        let number = answer.components(separatedBy: Self.mark).last ?? answer
        return .number(answer: number.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
