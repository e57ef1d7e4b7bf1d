/// The accuracy of one policy on the validation split.
package struct ValidationAccuracy: Sendable, Equatable, Codable {
    /// The number of updates before the evaluation; 0 stands for the base model.
    package let step: Int
    /// The accuracy, in 0…1.
    package let accuracy: Double

    package init(step: Int, accuracy: Double) {
        self.step = step
        self.accuracy = accuracy
    }
}

/// The best evaluation of a run, and the decision to stop when no better one follows.
///
/// - Invariant: `best` is the earliest evaluation with the highest accuracy so far, and `evaluationsSinceBest` is the
///   number of evaluations after it. The evaluation of a step counts once.
package struct EarlyStopping: Sendable, Equatable, Codable {
    /// The number of evaluations without improvement after which the run stops; 0 means that it never stops early.
    package let patience: Int
    package private(set) var best: ValidationAccuracy?
    package private(set) var evaluationsSinceBest = 0
    /// The step of the latest evaluation.
    package private(set) var latestStep: Int?

    /// - Throws: `LearningError.configuration` if the patience is negative.
    package init(patience: Int) throws(LearningError) {
        try LearningError.require(
            patience >= 0, "patience", patience, "0 or more", remedy: "Set it to 0 to disable early stopping.")
        self.patience = patience
    }

    /// Whether `patience` evaluations have passed without a better one.
    package var shouldStop: Bool { patience > 0 && evaluationsSinceBest >= patience }

    /// Records an evaluation. Steps must not decrease. Recording the same step again changes nothing and returns the
    /// same.
    ///
    /// - Returns: whether the policy just evaluated is the best so far. An equal accuracy is no improvement.
    package mutating func record(_ evaluation: ValidationAccuracy) -> Bool {
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
        return best?.step == evaluation.step
    }
}
