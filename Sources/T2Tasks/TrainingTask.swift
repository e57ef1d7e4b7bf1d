import Foundation
import T2Core
import T2Verifiers

/// A task: the problems, the prompts in which a model reads them, and how completions are checked.
package struct TrainingTask: Sendable, Equatable {
    /// The origin of a task.
    package enum Origin: Sendable, Equatable {
        /// Its data comes with t2.
        case bundled
        /// A published data set.
        case published
        /// A folder of the user.
        case folder(String)
    }

    package let name: String
    /// Increased whenever the meaning of the data, a prompt or the verifier changes, so that accuracies stay
    /// comparable.
    package let version: Int
    /// A description in one line.
    package let summary: String
    package let origin: Origin
    let source: any ProblemSource

    /// True if completions are programs, which only a `ProgramSandbox` can check.
    package var needsSandbox: Bool { source.needsSandbox }

    /// The splits of its data, in the order of `Split.allCases`.
    package var splits: [Split] { source.splits }

    /// Texts that end a completion when the model writes one, and do not belong to it.
    package func stopStrings(_ form: PromptForm) -> [String] { source.stopStrings(form) }

    /// The identity of the task's definition. That of a user's task may change without a new version, so its files
    /// count.
    package var fingerprint: String { own?.fingerprint ?? "\(name) \(version)" }

    /// The version of each task, by name, with the digest of its definition: `1 (3f2a09cb41de)`.
    package static func versions(_ tasks: [TrainingTask]) -> [String: String] {
        Dictionary(
            tasks.map { ($0.name, "\($0.version) (\(Digest(of: $0.fingerprint).short))") },
            uniquingKeysWith: { first, _ in first })
    }

    /// The largest number of tokens in an answer, if the task defines it.
    package var maxTokens: Int? { source.maxTokens }

    /// The definition in the task's folder if the task is the user's own, else nil.
    package var own: OwnTask? { source as? OwnTask }

    /// The problems of a split, and the records that were left out.
    ///
    /// - Parameters:
    ///   - dataFolder: the folder with the data of all tasks; a user's own task uses its own folder instead.
    ///   - form: the kind of model; bundled tasks have one prompt for both.
    /// - Throws: `SystemError` or `InputError` (no input) if the file cannot be found; `InputError` (data) for an empty
    ///   file, for a file whose records are all bad, and under `.fail` for the first malformed, truncated, repeated or
    ///   mislabelled record with its location; `InputError` (usage) if the task does not have the split.
    package func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord handling: BadRecordHandling
    ) throws -> ProblemSet {
        guard splits.contains(split) else {
            throw InputError(
                "task '\(name)'", "there is no split '\(split.rawValue)'",
                remedy: "Splits: \(splits.map(\.rawValue).joined(separator: ", ")).", exitStatus: .usage)
        }
        return try source.problems(split: split, in: dataFolder, form: form, onBadRecord: handling)
    }

    private struct Response: Decodable {
        let response: String
        let finished: Bool?
    }

    /// Reads a completion and what it is checked against: `response`, optionally `finished`, and either `answer` or
    /// those fields of the task's records that its verifier reads.
    ///
    /// - Parameter location: the location of the record, for messages.
    /// - Throws: `InputError` that names the missing field.
    package func submission(_ record: Data, location: String) throws -> Submission {
        do {
            let response = try JSONDecoder().decode(Response.self, from: record)
            return Submission(
                problem: Problem(
                    id: location, topic: name, prompt: "", verification: try source.verification(of: record)),
                completion: response.response, finished: response.finished ?? true)
        } catch let error where error is DecodingError || error is RecordFlaw {
            throw InputError(
                location, "expected a response to \(name) and its answer: \(decodingProblem(error, in: record))",
                remedy: "Give one JSON object a line, such as {\"response\": …, \"answer\": …}.")
        }
    }

    package static func == (a: TrainingTask, b: TrainingTask) -> Bool {
        a.name == b.name && a.version == b.version && a.origin == b.origin
    }
}

/// A named part of a task's data.
///
/// The first three are disjoint. The published ones are the parts that a data set's authors defined: they may overlap
/// with the first three, and a task has those that its data set has.
package enum Split: String, Sendable, CaseIterable {
    /// Sampled in training.
    case train
    /// Used to choose the best checkpoint.
    case valid
    /// Used once, for the reported accuracy.
    case test
    case publishedTrain = "published-train"
    case publishedValidation = "published-validation"
    case publishedTest = "published-test"
    /// Examples that the authors set aside for use in prompts.
    case publishedPrompt = "published-prompt"
}

/// The kind of model for which a prompt is written.
package enum PromptForm: String, Sendable, CaseIterable {
    /// A user message to a model that follows instructions, without a chat template around it.
    case chat
    /// A text that a base model continues.
    case plain
}
