/// The accuracy of one policy on the validation split.
package struct ValidationAccuracy: Sendable, Equatable, Codable {
    /// Updates made before it: 0 is the base model.
    package let step: Int
    /// In 0…1.
    package let accuracy: Double

    package init(step: Int, accuracy: Double) {
        self.step = step
        self.accuracy = accuracy
    }
}

/// Keeps the best evaluation of a run, and says when to stop for want of a better one.
///
/// Invariants: `best` is the earliest evaluation of the highest accuracy so far; `evaluationsSinceBest` counts those after it;
/// a step's evaluation counts once.
package struct EarlyStopping: Sendable, Equatable, Codable {
    /// Evaluations without improvement after which to stop; 0 never stops.
    package let patience: Int
    package private(set) var best: ValidationAccuracy?
    package private(set) var evaluationsSinceBest = 0
    /// The step of the newest evaluation.
    package private(set) var latestStep: Int?

    package struct Verdict: Sendable, Equatable {
        /// The policy just evaluated is the one to keep. An equal accuracy is no improvement.
        package let isBest: Bool
        package let shouldStop: Bool
    }

    /// - Throws: `LearningError.configuration` if the patience is negative.
    package init(patience: Int) throws(LearningError) {
        guard patience >= 0 else {
            throw .configuration(
                keys: "patience", problem: "is \(patience), expected 0 or more", remedy: "Use 0 never to stop early.")
        }
        self.patience = patience
    }

    /// Whether there have been enough evaluations without a better one.
    package var shouldStop: Bool { patience > 0 && evaluationsSinceBest >= patience }

    /// Takes in an evaluation; steps come in order. The same step again changes nothing and gives the same verdict.
    package mutating func record(_ evaluation: ValidationAccuracy) -> Verdict {
        precondition(evaluation.accuracy.isFinite && evaluation.step >= latestStep ?? 0)
        if latestStep != evaluation.step {
            latestStep = evaluation.step
            if let best, evaluation.accuracy <= best.accuracy {
                evaluationsSinceBest += 1
            } else {
                best = evaluation
                evaluationsSinceBest = 0
            }
        }
        return Verdict(isBest: best?.step == evaluation.step, shouldStop: shouldStop)
    }
}
