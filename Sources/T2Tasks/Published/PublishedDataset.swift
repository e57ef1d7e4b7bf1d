import Foundation
import T2Core

/// A data set as others published it: where its files usually lie, what its records hold and how they are put to a model.
protocol PublishedDataset: Sendable {
    /// Raised whenever a prompt, a split or the verification changes.
    var version: Int { get }
    /// One line for people.
    var summary: String { get }
    var parts: [Split: DatasetPart] { get }
    var needsSandbox: Bool { get }
    var identity: ProblemReading.Identity { get }
    /// Tokens that an answer may take.
    var maxTokens: Int { get }
    /// What ends a base model's answer.
    var plainStopStrings: [String] { get }

    /// - Parameter file: name of the part's file, for the ids of records that have none.
    /// - Throws: `RecordFlaw` or `DecodingError`.
    func problem(_ record: RecordText, file: String) throws -> PublishedProblem

    /// What a completion is checked by: a record's own fields, less those that only prompts need, or `answer`.
    ///
    /// - Throws: `RecordFlaw` or `DecodingError`.
    func verification(of record: Data) throws -> Verification
}

/// The answer of a problem, given by itself.
struct AnswerField: Decodable {
    let answer: String
}

/// One problem of a published data set, in all forms.
struct PublishedProblem {
    let id: String
    let topic: String
    /// What is asked, without instructions, options or tests.
    let question: String
    let chat: Wording
    let plain: Wording
    let verification: Verification

    /// A prompt and a right completion of it.
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

/// Where a split's records are.
struct DatasetPart: Sendable {
    /// Paths under the data folder without an extension, the usual one first.
    let places: [String]
    /// Which records of the file belong to the split, by index from 0 and problem.
    var contains: @Sendable (Int, Problem) -> Bool = { _, _ in true }

    static func even(_ places: [String]) -> DatasetPart { DatasetPart(places: places) { index, _ in index % 2 == 0 } }

    static func odd(_ places: [String]) -> DatasetPart { DatasetPart(places: places) { index, _ in index % 2 == 1 } }
}
