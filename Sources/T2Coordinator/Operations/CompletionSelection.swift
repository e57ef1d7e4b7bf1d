import T2Core

/// Which of a run's completions are looked at; nil and empty take all that were judged.
package struct CompletionSelection: Sendable, Equatable {
    package var step: Int?
    package var phase: Phase?
    package var outcomes: [CompletionRecord.RewardKind] = []
    /// The identifier of a problem.
    package var problem: String?

    package init() {}
}
