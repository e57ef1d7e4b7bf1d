import Foundation
import T2Core

/// The task of classifying published questions as mathematics, code or reasoning, which tests the classifying expert on
/// real prompts.
///
/// The questions of gsm8k, mbpp and arc-easy are taken in turn from the same split of each, until one of them has no
/// more.
struct PublishedClassification: ProblemSource {
    static let name = "classify-published"
    /// The longest question in UTF-8 bytes; longer ones are left out. A token has at least one byte, so that the 54
    /// bytes around a question, a token before the text and an answer of 16 tokens fit into the bundled model's context
    /// of 256.
    static let longestQuestion = 184

    private static let sources = [("gsm8k", "math"), ("mbpp", "code"), ("arc-easy", "reasoning")]

    var splits: [Split] { [.train, .valid, .test] }
    var needsSandbox: Bool { false }
    var maxTokens: Int? { 16 }
    func stopStrings(_ form: PromptForm) -> [String] { [] }

    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord handling: BadRecordHandling
    ) throws -> ProblemSet {
        var skipped: [String] = []
        let columns = try Self.sources.map { name, category in
            guard let source = TaskRegistry.datasets.first(where: { $0.task == name }) else {
                preconditionFailure("there is no task \(name)")
            }
            let set = try source.problems(split: split, in: dataFolder, onBadRecord: handling) { problem in
                Problem(
                    id: "\(Self.name)/\(problem.id)", topic: name, prompt: Self.prompt(problem.question),
                    verification: .boxed(answer: category), reference: " \\boxed{\(category)}")
            }
            skipped += set.skipped
            let longest = Self.longestQuestion + Self.prompt("").utf8.count
            return set.problems.filter { $0.prompt.utf8.count <= longest }
        }
        let count = columns.map(\.count).min() ?? 0
        guard count > 0 else {
            throw InputError(
                dataFolder, "one of gsm8k, mbpp and arc-easy has no question of at most \(Self.longestQuestion) bytes",
                remedy: "Check that these are the published files.")
        }
        let problems = (0..<count).flatMap { row in columns.map { $0[row] } }
        return ProblemSet(problems: problems, skipped: skipped)
    }

    func verification(of record: Data) throws -> Verification {
        .boxed(answer: try JSONDecoder().decode(AnswerField.self, from: record).answer)
    }

    /// The prompt on which the classifier of the bundled library was trained.
    private static func prompt(_ question: String) -> String {
        "Classify as math, code, reasoning or other.\n\(question)\nCategory:"
    }
}
