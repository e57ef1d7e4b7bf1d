import Foundation
import T2Core

/// Problems of mathematics competitions: `{problem, level, type, solution}`, the answer in the solution's last `\boxed{}`.
///
/// One JSON file a problem, `MATH/SPLIT/TYPE/NUMBER.json`, or one file of records a split.
///
/// - Source: Hendrycks et al., arXiv 2103.03874.
struct MATH: PublishedDataset {
    var version: Int { 1 }
    var summary: String { "competition mathematics; reasoning, then \\boxed{}" }
    var needsSandbox: Bool { false }
    var identity: ProblemReading.Identity { .id }
    let maxTokens = 1024
    var plainStopStrings: [String] { ["\nProblem:", "\n\n\n"] }

    var parts: [Split: DatasetPart] {
        func places(_ file: String) -> [String] {
            ["MATH/\(file)", "math/\(file)", "hendrycks_math/\(file)", "MATH/math_\(file)", "math/math_\(file)"]
        }
        return [
            .train: .even(places("train")), .valid: .odd(places("train")),
            .test: DatasetPart(places: places("test")), .publishedTrain: DatasetPart(places: places("train")),
            .publishedTest: DatasetPart(places: places("test")),
        ]
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
            throw RecordFlaw("solution has no closed \\boxed{} with something in it")
        }
        let instruction = "Work this out and show how. Close with the result, and nothing but the result, in \\boxed{}."
        return PublishedProblem(
            id: id(record, fields, file: file), topic: fields.type ?? fields.subject ?? "math",
            question: fields.problem,
            chat: PublishedProblem.Wording(prompt: "\(instruction)\n\n\(fields.problem)", reference: fields.solution),
            plain: PublishedProblem.Wording(
                prompt: "\(instruction)\n\nProblem: \(fields.problem)\nSolution:", reference: " \(fields.solution)"),
            verification: .latex(answer: gold))
    }

    private struct Answer: Decodable {
        let answer: String?
        let solution: String?
    }

    /// `answer`, or the last box of `solution`.
    func verification(of record: Data) throws -> Verification {
        let fields = try JSONDecoder().decode(Answer.self, from: record)
        guard let answer = fields.answer ?? fields.solution.flatMap({ BoxedAnswer(inCompletion: $0)?.content }) else {
            throw RecordFlaw("answer is missing, and there is no solution with a \\boxed{}")
        }
        return .latex(answer: answer)
    }

    /// The problem's file, `math/test/algebra/12`, or what the record itself or its place says.
    private func id(_ record: RecordText, _ fields: Record, file: String) -> String {
        if let id = fields.unique_id { return "math/\(id)" }
        let folders = record.place.split(separator: "/")
        guard record.place.hasSuffix(".json"), folders.count > 2 else { return "math/\(file)/\(record.index)" }
        return "math/\(file)/\(folders[folders.count - 2])/\(folders[folders.count - 1].dropLast(5))"
    }
}
