import T2Core
import T2Learning

/// Computes the next state of the run from a step's accepted units. It is pure: the same units give the same bytes,
/// regardless of their order of arrival, the number of workers and restarts.
package enum UpdateStep {
    package struct Update: Sendable, Equatable {
        package let checkpoint: Checkpoint
        /// The sums of the training units.
        let training: UnitSummary
        /// ‖∂L/∂p‖₂ before clipping.
        package let gradientNorm: Double
        let learningRate: Double
    }

    /// An update that is not finite; nothing was updated.
    package struct Failure: Error, CustomStringConvertible {
        package let cause: LearningError
        /// The unit whose gradient is not finite, or else the unit with the largest gradient value.
        package let unit: UnitKey

        package var description: String { cause.description }
    }

    /// Sums the gradients in unit order, divides by B, and applies chain rule, clipping and AdamW.
    ///
    /// - Parameter results: the results of all training units of the step. One gradient is in memory at a time.
    /// - Throws: `Failure`; `LearningError.configuration` with the key that is out of range; errors of loading a gradient.
    ///   Nothing is updated then.
    package static func next(
        after checkpoint: Checkpoint, _ results: RoundResults, _ definition: TrainingDefinition
    ) throws -> Update {
        let update = try ParameterUpdate(
            parameterisation: definition.parameterisation, configuration: definition.configuration)
        let units = results.round.units.filter { $0.key.phase == .train }
        var sum = GradientSum(layout: definition.layout)
        var largest: (unit: UnitKey, value: Float)?
        for unit in units {
            let gradient = try results.gradient(unit)
            do { try sum.add(gradient, unit: unit.key.index) } catch {
                throw Failure(cause: error, unit: unit.key)
            }
            let value = gradient.reduce(0) { max($0, abs($1)) }
            if value > largest?.value ?? -1 { largest = (unit.key, value) }
        }
        let training = try results.sum(.train)
        // B, the number of sequences of a step.
        let sequences = definition.configuration.promptsPerStep * definition.configuration.samplesPerPrompt
        precondition(training.sequences == sequences, "all units of the step")
        var next = checkpoint
        let step: (gradientNorm: Double, learningRate: Double)
        do { step = try update.apply(sum.mean(sequences: sequences), to: &next) } catch {
            throw Failure(cause: error, unit: largest?.unit ?? units[0].key)
        }
        next.runningMeanReward.add(sum: training.rewardSum, count: training.sequences)
        return Update(
            checkpoint: next, training: training, gradientNorm: step.gradientNorm, learningRate: step.learningRate)
    }
}
