import Foundation
import T2Core

/// A published data set: the usual paths of its files, the form of its records and the prompts for a model.
protocol PublishedDataset: Sendable {
    /// Increased whenever a prompt, a split or the verification changes.
    var version: Int { get }
    /// A description in one line.
    var summary: String { get }
    var parts: [Split: DatasetPart] { get }
    var needsSandbox: Bool { get }
    var identity: ProblemReading.Identity { get }
    /// The largest number of tokens in an answer.
    var maxTokens: Int { get }
    /// The texts that end a base model's answer.
    var plainStopStrings: [String] { get }

    /// - Parameter file: the name of the part's file, for the ids of records that have none.
    /// - Throws: `RecordFlaw` or `DecodingError`.
    func problem(_ record: RecordText, file: String) throws -> PublishedProblem

    /// How a completion is checked, from `answer` or the fields of a published record that matter for it.
    ///
    /// - Throws: `RecordFlaw` or `DecodingError`.
    func verification(of record: Data) throws -> Verification
}

/// A record that holds only the answer of a problem.
struct AnswerField: Decodable {
    let answer: String
}

/// One problem of a published data set with the prompts for both kinds of models.
struct PublishedProblem {
    let id: String
    let topic: String
    /// The question without instructions, options or tests.
    let question: String
    let chat: Wording
    let plain: Wording
    let verification: Verification

    /// A prompt and a right completion.
    struct Wording {
        let prompt: String
        let reference: String?
    }

    func problem(_ form: PromptForm) -> Problem {
        let wording = form == .chat ? chat : plain
        return Problem(
            id: id, topic: topic, prompt: wording.prompt, verification: verification, reference: wording.reference)
    }
}

/// The records of a split.
struct DatasetPart: Sendable {
    /// Paths in the data folder without extensions, the usual one first.
    let paths: [String]
    /// True for the records of the file that belong to the split, given their index from 0 and problem.
    var contains: @Sendable (Int, Problem) -> Bool = { _, _ in true }

    static func even(_ paths: [String]) -> DatasetPart { DatasetPart(paths: paths) { index, _ in index % 2 == 0 } }

    static func odd(_ paths: [String]) -> DatasetPart { DatasetPart(paths: paths) { index, _ in index % 2 == 1 } }
}
