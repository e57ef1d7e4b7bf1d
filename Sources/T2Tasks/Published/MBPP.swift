import Foundation
import T2Core

/// Python functions that a sentence describes and tests check.
///
/// - Source: Austin et al., arXiv 2108.07732; with more tests: Liu et al., arXiv 2305.01210.
struct MBPP: PublishedDataset {
    enum Edition {
        /// `{text, code, task_id, test_setup_code, test_list}`.
        case full
        /// The records that were checked by hand, with `prompt` instead of `text`, and with `test_imports`.
        case sanitized
        /// The edition with more tests, `{prompt, code, task_id, test_imports, test_list, test}`, where `test` runs
        /// them all. In EvalPlus's own form the prompt is a docstring; of that form only `assertion` is run, because
        /// its further inputs lost their Python types in JSON.
        case plus
    }

    let edition: Edition

    let task: String
    let summary: String

    let needsSandbox = true
    let maxTokens: Int? = 512
    /// Texts that begin other code after the function, or another problem.
    let plainStopStrings = ["\n\"\"\"", "\nassert ", "\nprint(", "\nif __name__", "\n```"]

    var parts: [Split: DatasetPart] {
        let paths =
            switch edition {
            case .full: ["mbpp/mbpp", "mbpp"]
            case .sanitized: ["mbpp/sanitized-mbpp", "sanitized-mbpp"]
            case .plus:
                ["mbpp-plus", "mbppplus", "mbpp"].flatMap { ["\($0)/MbppPlus", "\($0)/mbppplus"] }
                    + ["mbpp-plus/test", "mbppplus/test", "MbppPlus", "mbppplus"]
            }
        func published(_ numbers: ClosedRange<Int>) -> DatasetPart {
            DatasetPart(paths: paths) { _, problem in Self.number(of: problem).map(numbers.contains) ?? false }
        }
        return [
            .train: DatasetPart(paths: paths) { index, _ in index < 300 && !Self.validation.contains(index) },
            .valid: DatasetPart(paths: paths) { index, _ in Self.validation.contains(index) },
            .test: DatasetPart(paths: paths) { index, _ in index >= 300 },
            .publishedTrain: published(601...974), .publishedValidation: published(511...600),
            .publishedTest: published(11...510), .publishedPrompt: published(1...10),
        ]
    }

    /// The records that the reference implementation takes to validate; the rest of the first 300 train.
    ///
    /// - Source: `order[200:]` in Python 3 after `random.seed(16); order = list(range(300)); random.shuffle(order)`.
    private static let validation: Set = [
        2, 3, 5, 8, 10, 11, 14, 16, 18, 20, 22, 25, 31, 36, 39, 42, 44, 58, 59, 72, 77, 78, 79, 81, 88, 94, 102, 103,
        112, 113, 114, 116, 117, 120, 121, 122, 123, 125, 127, 129, 130, 132, 138, 144, 145, 150, 151, 154, 156, 158,
        166, 167, 168, 171, 174, 178, 179, 181, 185, 186, 191, 200, 203, 209, 211, 213, 215, 216, 217, 221, 222, 225,
        228, 233, 235, 237, 240, 242, 246, 249, 250, 251, 253, 258, 259, 266, 268, 281, 282, 284, 285, 286, 287, 288,
        289, 290, 294, 295, 298, 299,
    ]

    /// The number in the id: 601 in `mbpp/601`.
    private static func number(of problem: Problem) -> Int? {
        problem.id.split(separator: "/").last.flatMap { Int($0) }
    }

    func problem(_ record: RecordText, file: String) throws -> PublishedProblem {
        let fields = try JSONDecoder().decode(MBPPRecord.self, from: record.content)
        let (text, tests) = (fields.text, fields.tests)
        if text.isBlank { throw RecordFlaw("text is empty") }
        if tests.shown.isEmpty { throw RecordFlaw("there are no tests, expected at least one assertion") }
        let solution = fields.solution
        if solution.isBlank { throw RecordFlaw("code is empty") }
        let shown = tests.shown.joined(separator: "\n")
        // The tests cannot be understood without their set-up code.
        let setup = tests.setup.isEmpty ? "" : "Before the tests this runs:\n\(tests.setup)\n\n"
        let instruction = "Write Python code for this. Give all of it in one ```python block."
        let docstring = "\"\"\"\n\(text)\n\(tests.setup.isEmpty ? "" : "\(tests.setup)\n")\(shown)\n\"\"\"\n"
        return PublishedProblem(
            id: "mbpp/\(fields.number)", topic: "mbpp", question: text,
            chat: ("\(instruction)\n\n\(text)\n\n\(setup)These tests must pass:\n\(shown)", solution.fencedAsPython),
            plain: (docstring, solution),
            verification: .program(programPrefix: "", tests: tests.run))
    }

    func verification(of record: Data) throws -> Verification {
        let tests = try JSONDecoder().decode(MBPPTests.self, from: record).run
        if tests.isEmpty { throw RecordFlaw("test_list is missing") }
        return .program(programPrefix: "", tests: tests)
    }
}
