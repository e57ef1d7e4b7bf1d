import Foundation
import T2Core

/// A published data set: the usual paths of its files, the form of its records and the prompts for a model.
protocol PublishedDataset: ProblemSource {
    /// The name of the task.
    var task: String { get }
    /// A description in one line.
    var summary: String { get }
    var parts: [Split: DatasetPart] { get }
    /// True if its records have ids.
    var hasIDs: Bool { get }
    /// The texts that end a base model's answer.
    var plainStopStrings: [String] { get }

    /// - Parameter file: the name of the part's file, for the ids of records that have none.
    /// - Throws: `RecordFlaw` or `DecodingError`.
    func problem(_ record: RecordText, file: String) throws -> PublishedProblem
}

extension PublishedDataset {
    var hasIDs: Bool { true }
    var needsSandbox: Bool { false }
    var splits: [Split] { Split.allCases.filter { parts[$0] != nil } }
    func stopStrings(_ form: PromptForm) -> [String] { form == .chat ? [] : plainStopStrings }

    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord handling: BadRecordHandling
    ) throws -> ProblemSet {
        try problems(split: split, in: dataFolder, onBadRecord: handling) { $0.problem(form) }
    }

    func problems(
        split: Split, in dataFolder: String, onBadRecord handling: BadRecordHandling,
        wording: (PublishedProblem) -> Problem
    ) throws -> ProblemSet {
        guard let part = parts[split] else { preconditionFailure("\(task) has no split \(split.rawValue)") }
        let file = try PublishedFile(task: task, paths: part.paths, in: dataFolder)
        let reading = ProblemReading(
            task: task, hasIDs: hasIDs, handling: handling,
            remedy: "Fetch the file again (scripts/datasets), or leave such records out: --on-bad-record skip.")
        return try reading.problems(file.records, in: file.path, where: part.contains) { record in
            wording(try problem(record, file: file.name))
        }
    }
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
    /// The prompt for each kind of model, and a right completion of it.
    let chat: (prompt: String, reference: String)
    let plain: (prompt: String, reference: String)
    let verification: Verification

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
}

extension [Split: DatasetPart] {
    /// The published files, and the splits of the reference implementation: the records of the training file with even
    /// indices train, those with odd ones validate.
    static func halving(train: [String], test: [String]) -> Self {
        [
            .train: DatasetPart(paths: train) { index, _ in index % 2 == 0 },
            .valid: DatasetPart(paths: train) { index, _ in index % 2 == 1 },
            .test: DatasetPart(paths: test), .publishedTrain: DatasetPart(paths: train),
            .publishedTest: DatasetPart(paths: test),
        ]
    }
}

extension String {
    /// True if the text is empty or white space.
    var isBlank: Bool { allSatisfy(\.isWhitespace) }

    /// The text with Unix line ends instead of those of Windows and old Macs.
    var withLineFeeds: String { replacing("\r\n", with: "\n").replacing("\r", with: "\n") }

    var fencedAsPython: String { "```python\n\(self)\(hasSuffix("\n") ? "" : "\n")```" }
}
