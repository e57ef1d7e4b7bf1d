/// The accuracy of one policy on the validation split.
package struct Evaluation: Sendable, Equatable, Codable {
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
/// Invariants: `best` is the earliest evaluation of the highest accuracy so far; `evaluationsSinceBest` counts those after it.
package struct EarlyStopping: Sendable, Equatable, Codable {
    /// Evaluations without improvement after which to stop; 0 never stops.
    package let patience: Int
    package private(set) var best: Evaluation?
    package private(set) var evaluationsSinceBest = 0

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

    package mutating func record(_ evaluation: Evaluation) -> Verdict {
        precondition(evaluation.accuracy.isFinite)
        if let best, evaluation.accuracy <= best.accuracy {
            evaluationsSinceBest += 1
            return Verdict(isBest: false, shouldStop: patience > 0 && evaluationsSinceBest >= patience)
        }
        best = evaluation
        evaluationsSinceBest = 0
        return Verdict(isBest: true, shouldStop: false)
    }
}
