import T2Core

/// The course of training runs, step by step.
package struct LearningCurves: Sendable, Equatable, Codable {
    package struct Evaluation: Sendable, Equatable, Codable {
        package var step: Int
        /// The accuracy of greedy answers on the validation split.
        package var accuracy: AccuracyInterval

        package init(step: Int, accuracy: AccuracyInterval) {
            self.step = step
            self.accuracy = accuracy
        }
    }

    package struct Reward: Sendable, Equatable, Codable {
        package var step: Int
        /// The mean reward of the step's samples, in −1…1.
        package var reward: Double

        package init(step: Int, reward: Double) {
            self.step = step
            self.reward = reward
        }
    }

    /// The curve of one run.
    package struct Curve: Sendable, Equatable, Codable {
        package var task: String
        /// The kind of adapter that was trained: `SVF` or `LoRA`.
        package var system: String
        package var evaluations: [Evaluation]
        package var rewards: [Reward]

        package init(task: String, system: String, evaluations: [Evaluation] = [], rewards: [Reward] = []) {
            self.task = task
            self.system = system
            self.evaluations = evaluations
            self.rewards = rewards
        }
    }

    package var curves: [Curve]
    package var notes: [String]

    package init(curves: [Curve], notes: [String] = []) {
        self.curves = curves
        self.notes = notes
    }
}
