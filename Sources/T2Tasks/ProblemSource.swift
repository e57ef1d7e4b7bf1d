import Foundation
import T2Core

/// What is particular to a kind of task.
protocol ProblemSource: Sendable {
    var splits: [Split] { get }
    var needsSandbox: Bool { get }
    var maxTokens: Int? { get }
    func stopStrings(_ form: PromptForm) -> [String]
    /// - Precondition: `splits` has the split.
    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord policy: BadRecordPolicy
    ) throws -> ProblemSet
    /// How a completion is checked against the fields of a record: those of the task's own records, or `answer`.
    ///
    /// - Parameter record: a JSON object.
    /// - Throws: `RecordFlaw` or `DecodingError` if it lacks a field.
    func verification(of record: Data) throws -> Verification
}

extension ProblemSource {
    var maxTokens: Int? { nil }
}
