import T2Core

/// What a finished run came to.
package struct RunSummary: Sendable, Equatable {
    /// Updates made.
    package let steps: Int
    package let endedEarly: Bool
    /// On the validation split under the start value of z.
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
