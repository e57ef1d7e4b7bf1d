import T2Core

/// The course of training runs, step by step.
package struct LearningCurves: Sendable, Equatable, Codable {
    package struct Evaluation: Sendable, Equatable, Codable {
        var step: Int
        /// The accuracy of greedy answers on the validation split.
        var accuracy: AccuracyInterval
    }

    package struct Reward: Sendable, Equatable, Codable {
        var step: Int
        /// The mean reward of the step's samples, in −1…1.
        package var reward: Double
    }

    /// The curve of one run.
    package struct Curve: Sendable, Equatable, Codable {
        var task: String
        /// The kind of adapter that was trained: `SVF` or `LoRA`.
        var system: String
        package var evaluations: [Evaluation] = []
        package var rewards: [Reward] = []
    }

    package var curves: [Curve]
    var notes: [String] = []
}
