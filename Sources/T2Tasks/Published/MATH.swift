import Foundation
import T2Core
import T2Verifiers

/// Problems of mathematics competitions. A record is `{problem, level, type, solution}`; the answer is in the last
/// `\boxed{}` of the solution.
///
/// There is one JSON file per problem, `MATH/SPLIT/TYPE/NUMBER.json`, or one file of records per split.
///
/// - Source: Hendrycks et al., arXiv 2103.03874.
struct MATH: PublishedDataset {
    let task = "math"
    let summary = "competition mathematics; reasoning, then \\boxed{}"
    let maxTokens: Int? = 1024
    let plainStopStrings = ["\nProblem:", "\n\n\n"]

    var parts: [Split: DatasetPart] {
        func paths(_ file: String) -> [String] {
            ["MATH/\(file)", "math/\(file)", "hendrycks_math/\(file)", "MATH/math_\(file)", "math/math_\(file)"]
        }
        return .halving(train: paths("train"), test: paths("test"))
    }

    private struct Record: Decodable {
        let problem: String
        let solution: String
        let type: String?
        let subject: String?
        let unique_id: String?
    }

    func problem(_ record: RecordText, file: String) throws -> PublishedProblem {
        let fields = try JSONDecoder().decode(Record.self, from: record.content)
        if fields.problem.isBlank { throw RecordFlaw("problem is empty") }
        guard let gold = BoxedAnswer(inCompletion: fields.solution)?.content, !gold.isEmpty else {
            throw RecordFlaw("solution has no closed \\boxed{} with an answer in it")
        }
        let instruction = "Work this out and show how. Close with the result, and nothing but the result, in \\boxed{}."
        return PublishedProblem(
            id: id(record, fields, file: file), topic: fields.type ?? fields.subject ?? "math",
            question: fields.problem,
            chat: ("\(instruction)\n\n\(fields.problem)", fields.solution),
            plain: ("\(instruction)\n\nProblem: \(fields.problem)\nSolution:", " \(fields.solution)"),
            verification: .latex(answer: gold))
    }

    private struct Answer: Decodable {
        let answer: String?
        let solution: String?
    }

    /// The record holds `answer`, or `solution` with the answer in its last box.
    func verification(of record: Data) throws -> Verification {
        let fields = try JSONDecoder().decode(Answer.self, from: record)
        guard let answer = fields.answer ?? fields.solution.flatMap({ BoxedAnswer(inCompletion: $0)?.content }) else {
            throw RecordFlaw("answer is missing, and there is no solution with a \\boxed{}")
        }
        return .latex(answer: answer)
    }

    /// An id from the record's `unique_id`, the problem's file (`math/test/algebra/12`), or the record's index.
    private func id(_ record: RecordText, _ fields: Record, file: String) -> String {
        if let id = fields.unique_id { return "math/\(id)" }
        let folders = record.location.split(separator: "/")
        guard record.location.hasSuffix(".json"), folders.count > 2 else { return "math/\(file)/\(record.index)" }
        return "math/\(file)/\(folders[folders.count - 2])/\(folders[folders.count - 1].dropLast(5))"
    }
}
