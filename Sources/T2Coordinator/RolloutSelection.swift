import T2Core

/// Which of a run's sampled completions are looked at; nil and empty take all.
package struct RolloutSelection: Sendable, Equatable {
    package var step: Int?
    package var phase: Phase?
    package var outcomes: [Outcome] = []
    /// Identifier of a problem.
    package var problem: String?

    package init() {}
}
