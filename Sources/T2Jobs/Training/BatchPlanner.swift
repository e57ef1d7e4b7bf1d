import T2Core

/// Which problems a step trains on, and how they are cut into units.
///
/// Pure and counter-based: the plan of any step follows from (seed, step, split sizes, configuration) without history, so
/// a coordinator that resumes plans the same units as one that never stopped. Every training problem comes once an epoch;
/// each epoch has its own order.
package struct BatchPlanner: Sendable, Equatable {
    /// A unit of a step: which problems of its split, and their indices in the step.
    package struct Unit: Sendable, Equatable {
        package let key: UnitKey
        /// Indices in the training or validation split.
        package let problems: [Int]
        /// Indices in the step or in the evaluation; they number the random streams.
        package let indices: [Int]
    }

    package let run: String
    package let seed: UInt64
    package let trainingProblems: Int
    /// Problems of an evaluation: the first ones of the validation split, in order.
    package let validationProblems: Int
    package let promptsPerStep: Int
    package let promptsPerUnit: Int
    package let steps: Int
    package let evaluateEvery: Int

    /// - Parameters:
    ///   - trainingProblems: problems in the training split, at least 1.
    ///   - validationProblems: problems in the validation split.
    package init(run: String, trainingProblems: Int, validationProblems: Int, configuration: RunConfiguration) {
        precondition(trainingProblems > 0)
        self.run = run
        self.seed = configuration.seed
        self.trainingProblems = trainingProblems
        self.validationProblems = min(validationProblems, configuration.validationProblems)
        self.promptsPerStep = configuration.promptsPerStep
        self.promptsPerUnit = configuration.promptsPerUnit
        self.steps = configuration.steps
        self.evaluateEvery = configuration.evaluateEvery
    }

    /// All units computed under the z of a step: the training units, then, if its evaluation is due, the validation units.
    /// The z after the last step is only evaluated.
    package func work(step: Int) -> [Unit] {
        (step < steps ? trainingUnits(step: step) : []) + (isEvaluated(step: step) ? validationUnits(step: step) : [])
    }

    /// Whether z of this step is measured on the validation split: the first, every `evaluate-every`-th and the last are.
    package func isEvaluated(step: Int) -> Bool {
        step == 0 || step == steps || step % evaluateEvery == 0
    }

    /// The step's indices in the training split, `promptsPerStep` of them.
    package func trainingIndices(step: Int) -> [Int] {
        let first = step * promptsPerStep
        var indices: [Int] = []
        indices.reserveCapacity(promptsPerStep)
        while indices.count < promptsPerStep {
            let (epoch, index) = (first + indices.count).quotientAndRemainder(dividingBy: trainingProblems)
            let order = permutation(epoch: epoch)
            indices += order[index..<min(trainingProblems, index + promptsPerStep - indices.count)]
        }
        return indices
    }

    private func trainingUnits(step: Int) -> [Unit] {
        cut(trainingIndices(step: step), step: step, phase: .train)
    }

    private func validationUnits(step: Int) -> [Unit] {
        cut(Array(0..<validationProblems), step: step, phase: .validation)
    }

    private func cut(_ indices: [Int], step: Int, phase: Phase) -> [Unit] {
        stride(from: 0, to: indices.count, by: promptsPerUnit).enumerated().map { index, start in
            let numbers = start..<min(start + promptsPerUnit, indices.count)
            return Unit(
                key: UnitKey(run: run, step: step, phase: phase, index: index), problems: Array(indices[numbers]),
                indices: Array(numbers))
        }
    }

    /// The order of the training split in one epoch (Fisher–Yates).
    private func permutation(epoch: Int) -> [Int] {
        var random = SeededRandom(seed: seed, .problemOrder(epoch: epoch))
        var order = Array(0..<trainingProblems)
        for last in stride(from: trainingProblems - 1, to: 0, by: -1) {
            order.swapAt(last, Int(random.next() % UInt64(last + 1)))
        }
        return order
    }
}
