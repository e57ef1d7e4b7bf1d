import Foundation
import T2Core

/// A task: where its problems are, how they are put to a model and how a completion of one is checked.
package struct TrainingTask: Sendable, Equatable {
    /// Where a task comes from.
    package enum Origin: Sendable, Equatable {
        /// Its data comes with t2.
        case bundled
        /// A data set that others published.
        case published
        /// A folder of the user's.
        case folder(String)
    }

    package let name: String
    /// Raised whenever the data's meaning, a prompt or the verifier changes, so that accuracies stay comparable.
    package let version: Int
    /// One line for people.
    package let summary: String
    package let origin: Origin
    private let source: any ProblemSource

    init(name: String, version: Int, summary: String, origin: Origin, source: any ProblemSource) {
        self.name = name
        self.version = version
        self.summary = summary
        self.origin = origin
        self.source = source
    }

    /// True if completions are programs, which only a working `ProgramSandbox` can check.
    package var needsSandbox: Bool { source.needsSandbox }

    /// The splits that its data has, in the order of `Split.allCases`.
    package var splits: [Split] { source.splits }

    /// Texts that end a completion when the model writes one, and are no part of it.
    package func stopStrings(_ form: PromptForm) -> [String] { source.stopStrings(form) }

    /// Of everything that a task of the user's own says and that its problems do not: it may change without a new version.
    package var fingerprint: String { own?.fingerprint ?? "\(name) \(version)" }

    /// Tokens that an answer may take, if the task says so.
    package var maxTokens: Int? { source.maxTokens }

    /// What stands in the task's folder if it is the user's own, else nil.
    package var own: OwnTask? { source as? OwnTask }

    /// Everything in a split and what had to be left out.
    ///
    /// - Parameters:
    ///   - dataFolder: holds the data of all tasks; a task of the user's own looks into its own folder instead.
    ///   - form: bundled tasks have one prompt for both.
    /// - Throws: `SystemError` or `InputError` (no input) if the file cannot be found; `InputError` (data) for an empty file,
    ///   for one whose records are all bad, and under `.fail` for the first malformed, truncated, repeated or mislabelled
    ///   record, naming its place; `InputError` (usage) for a split that the task has not.
    package func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord policy: BadRecordPolicy
    ) throws -> ProblemSet {
        guard splits.contains(split) else {
            throw InputError(
                "task '\(name)'", "it has no split '\(split.rawValue)'",
                remedy: "Splits: \(splits.map(\.rawValue).joined(separator: ", ")).", exitStatus: .usage)
        }
        return try source.problems(split: split, in: dataFolder, form: form, onBadRecord: policy)
    }

    /// The problems of a split, as a base model reads them; a bad record is an error.
    package func problems(split: Split, in dataFolder: String) throws -> [Problem] {
        try problems(split: split, in: dataFolder, form: .plain, onBadRecord: .fail).problems
    }

    private struct Response: Decodable {
        let response: String
        let finished: Bool?
    }

    /// A completion with what it is to be checked by: `response`, maybe `finished`, and `answer` or the fields of the task's
    /// records that its verifier reads.
    ///
    /// - Parameters:
    ///   - record: a JSON object.
    ///   - place: of the record, for messages.
    /// - Throws: `InputError` naming what is missing.
    package func submission(_ record: Data, place: String) throws -> Submission {
        do {
            let response = try JSONDecoder().decode(Response.self, from: record)
            let problem = Problem(
                id: place, topic: name, prompt: "", verification: try source.verification(of: record))
            return Submission(
                problem: problem, completion: response.response, finished: response.finished ?? true)
        } catch let error where error is DecodingError || error is RecordFlaw {
            throw InputError(
                place, "expected a response to \(name) and its answer: \(decodingProblem(error, in: record))",
                remedy: "Give one JSON object a line, such as {\"response\": …, \"answer\": …}.")
        }
    }

    package static func == (a: TrainingTask, b: TrainingTask) -> Bool {
        a.name == b.name && a.version == b.version && a.origin == b.origin
    }
}
