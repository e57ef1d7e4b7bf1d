import T2Core

/// Selects completions of a run; values that are nil or empty select all completions that were judged.
package struct CompletionSelection: Sendable, Equatable {
    package var step: Int?
    package var phase: Phase?
    package var outcomes: [CompletionRecord.RewardKind] = []
    /// The id of a problem.
    package var problem: String?

    package init() {}
}
