import Algorithms
import T2Core

/// Chooses the problems of each step and divides them into units.
///
/// The planner is pure and counter-based: the plan of a step follows from (seed, step, split sizes, configuration) without
/// history, so that a resumed coordinator plans the same units as one that never stopped. Every training problem occurs once per
/// epoch, in an order that differs between epochs.
package struct BatchPlanner: Sendable, Equatable {
    /// A unit of a step: the indices of its problems in the split and in the step.
    package struct Unit: Sendable, Equatable {
        package let key: UnitKey
        /// Indices in the training or validation split.
        package let problems: [Int]
        /// Indices in the step or in the evaluation, which select the random streams.
        package let indices: [Int]
    }

    private let run: String
    private let trainingProblems: Int
    /// The number of problems of an evaluation, taken from the start of the validation split.
    private let validationProblems: Int
    private let configuration: RunConfiguration

    /// - Parameters:
    ///   - trainingProblems: the number of problems in the training split, at least 1.
    ///   - validationProblems: the number of problems in the validation split.
    package init(run: String, trainingProblems: Int, validationProblems: Int, configuration: RunConfiguration) {
        precondition(trainingProblems > 0)
        self.run = run
        self.trainingProblems = trainingProblems
        self.validationProblems = min(validationProblems, configuration.validationProblems)
        self.configuration = configuration
    }

    /// All units computed under the z of a step: the training units and, if an evaluation is due, the validation units. The z
    /// after the last step is only evaluated.
    package func work(step: Int) -> [Unit] {
        let training = step < configuration.steps ? trainingIndices(step: step) : []
        let validation = isEvaluated(step: step) ? Array(0..<validationProblems) : []
        return cut(training, step: step, phase: .train) + cut(validation, step: step, phase: .validation)
    }

    /// Whether the z of this step is evaluated: the first, every `evaluate-every`-th and the last are.
    package func isEvaluated(step: Int) -> Bool {
        step == 0 || step == configuration.steps || step % configuration.evaluateEvery == 0
    }

    /// The indices of the step's problems in the training split, `prompts-per-step` in number.
    package func trainingIndices(step: Int) -> [Int] {
        let count = configuration.promptsPerStep
        var indices: [Int] = []
        while indices.count < count {
            let (epoch, index) = (step * count + indices.count).quotientAndRemainder(dividingBy: trainingProblems)
            let order = permutation(epoch: epoch)
            indices += order[index..<min(trainingProblems, index + count - indices.count)]
        }
        return indices
    }

    private func cut(_ indices: [Int], step: Int, phase: Phase) -> [Unit] {
        indices.indices.chunks(ofCount: configuration.promptsPerUnit).enumerated().map { index, numbers in
            Unit(
                key: UnitKey(run: run, step: step, phase: phase, index: index), problems: Array(indices[numbers]),
                indices: Array(numbers))
        }
    }

    /// The order of the training split in one epoch (Fisher–Yates).
    private func permutation(epoch: Int) -> [Int] {
        var random = SeededRandom(seed: configuration.seed, .problemOrder(epoch: epoch))
        var order = Array(0..<trainingProblems)
        for last in stride(from: trainingProblems - 1, to: 0, by: -1) {
            order.swapAt(last, Int(random.next() % UInt64(last + 1)))
        }
        return order
    }
}
