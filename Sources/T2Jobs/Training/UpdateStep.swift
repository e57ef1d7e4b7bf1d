import T2Core
import T2Learning

/// From a step's accepted units to the next state of the run. Pure: the same units give the same bytes, whatever the order
/// of arrival, the number of workers or the restarts in between.
package struct UpdateStep: Sendable, Equatable {
    package let update: ParameterUpdate
    /// B: sequences of a step.
    package let sequences: Int

    package struct Outcome: Sendable, Equatable {
        package let checkpoint: Checkpoint
        /// ‖∂L/∂p‖₂ before the clip.
        package let gradientNorm: Double
        package let learningRate: Double
    }

    /// Numbers that are not finite; nothing was updated.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let cause: LearningError
        /// The unit whose gradient is at fault, or else the one with the largest value, which did most to it.
        package let unit: UnitKey

        package var description: String { cause.description }
    }

    /// - Throws: `LearningError.configuration` naming the key that is out of range.
    package init(parameterisation: Parameterisation, configuration: RunConfiguration) throws {
        update = try ParameterUpdate(parameterisation: parameterisation, configuration: configuration)
        sequences = configuration.promptsPerStep * configuration.samplesPerPrompt
    }

    /// Sum in unit order, divide by B, chain rule, clip, AdamW.
    ///
    /// - Parameter results: all training units of the step are among them. One gradient is in memory at a time.
    /// - Throws: `Failure` naming the unit or the weight at fault; what loading a gradient throws. Nothing was updated then.
    package func next(after checkpoint: Checkpoint, _ results: RoundResults) throws -> Outcome {
        let units = results.round.units.filter { $0.key.phase == .train }
        var sum = GradientSum(layout: update.parameterisation.layout)
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
        precondition(training.sequences == sequences, "all units of the step")
        let outcome: ParameterUpdate.Outcome
        do {
            outcome = try update.apply(
                vectorGradient: sum.mean(units: units.count, sequences: sequences),
                parameters: checkpoint.parameters, optimizerState: checkpoint.optimizerState, step: checkpoint.step)
        } catch {
            throw Failure(cause: error, unit: largest?.unit ?? units[0].key)
        }
        var next = checkpoint
        next.step += 1
        next.parameters = outcome.parameters
        next.optimizerState = outcome.optimizerState
        next.runningMeanReward.add(sum: training.rewardSum, count: training.sequences)
        return Outcome(checkpoint: next, gradientNorm: outcome.gradientNorm, learningRate: outcome.learningRate)
    }
}
