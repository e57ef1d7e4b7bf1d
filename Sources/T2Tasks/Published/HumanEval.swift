import Foundation
import T2Core

/// Python functions to complete. A record is `{task_id, prompt, entry_point, canonical_solution, test}`, where `test`
/// defines `check(candidate)`.
///
/// The prompt is Python code, with imports and other functions before the function to complete.
///
/// - Source: Chen et al., arXiv 2107.03374; with more tests: Liu et al., arXiv 2305.01210.
struct HumanEval: PublishedDataset {
    let task: String
    /// The name of the data set's file.
    let name: String
    let summary: String

    let needsSandbox = true
    let maxTokens: Int? = 512
    /// Texts that begin other code after the function.
    let plainStopStrings = ["\ndef ", "\nclass ", "\nif ", "\nprint(", "\nassert ", "\n#", "\n```", "\n\"\"\""]

    var parts: [Split: DatasetPart] {
        let folder = name.lowercased()
        let others = folder == "humaneval" ? [] : ["humaneval/\(name)"]
        let paths = ["\(folder)/\(name)"] + others + ["human-eval/data/\(name)", name, "\(folder)/test"]
        return [.test: DatasetPart(paths: paths), .publishedTest: DatasetPart(paths: paths)]
    }

    private struct Tests: Decodable {
        let prompt: String
        let entry_point: String
        let test: String

        var verification: Verification {
            .program(programPrefix: prompt.withLineFeeds, tests: [test.withLineFeeds, "check(\(entry_point))"])
        }
    }

    private struct Record: Decodable {
        let task_id: String
        let canonical_solution: String
    }

    func problem(_ record: RecordText, file: String) throws -> PublishedProblem {
        let fields = try JSONDecoder().decode(Record.self, from: record.content)
        let tests = try JSONDecoder().decode(Tests.self, from: record.content)
        if fields.task_id.isBlank { throw RecordFlaw("task_id is empty") }
        let prompt = tests.prompt.withLineFeeds
        guard prompt.contains("def \(tests.entry_point)(") else {
            throw RecordFlaw(
                "prompt does not begin the function \(tests.entry_point.prefix(80)) that entry_point names")
        }
        guard tests.test.contains("def check(") else { throw RecordFlaw("test does not define check(candidate)") }
        let solution = fields.canonical_solution.withLineFeeds
        let instruction =
            "Finish this Python function. Give the whole of it, with what it imports, in one ```python block."
        return PublishedProblem(
            id: fields.task_id, topic: name.lowercased(), question: prompt,
            chat: ("\(instruction)\n\n\(prompt.fencedAsPython)", (prompt + solution).fencedAsPython),
            plain: (prompt, solution),
            verification: tests.verification)
    }

    func verification(of record: Data) throws -> Verification {
        try JSONDecoder().decode(Tests.self, from: record).verification
    }
}
