import T2Core

/// The summary of a finished run.
package struct RunSummary: Sendable, Equatable {
    /// The number of updates.
    package let steps: Int
    package let endedEarly: Bool
    /// The accuracy on the validation split before training.
    package let base: AccuracyInterval
    package let best: AccuracyInterval
    package let bestStep: Int

    package init(steps: Int, endedEarly: Bool, base: AccuracyInterval, best: AccuracyInterval, bestStep: Int) {
        self.steps = steps
        self.endedEarly = endedEarly
        self.base = base
        self.best = best
        self.bestStep = bestStep
    }
}
