import Foundation
import T2Core

/// The part of a task that depends on its kind.
protocol ProblemSource: Sendable {
    var splits: [Split] { get }
    var needsSandbox: Bool { get }
    var maxTokens: Int? { get }
    func stopStrings(_ form: PromptForm) -> [String]
    /// - Precondition: `splits` holds the split.
    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord handling: BadRecordHandling
    ) throws -> ProblemSet
    /// How a completion is checked against a record that has `answer` or the fields of the task's own records.
    ///
    /// - Throws: `RecordFlaw` or `DecodingError` if a field is missing.
    func verification(of record: Data) throws -> Verification
}
