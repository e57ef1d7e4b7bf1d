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

    /// - Throws: `LearningError.configuration` naming the key that is out of range.
    package init(parameterisation: Parameterisation, configuration: RunConfiguration) throws {
        update = try ParameterUpdate(parameterisation: parameterisation, configuration: configuration)
        sequences = configuration.promptsPerStep * configuration.samplesPerPrompt
    }

    /// Sum in unit order, divide by B, chain rule, clip, AdamW.
    ///
    /// - Parameter results: all training units of the step, in any order.
    /// - Throws: `LearningError` naming the unit or the weight at fault; nothing was updated then.
    package func next(after checkpoint: Checkpoint, results: [ResultRecord]) throws -> Outcome {
        var sum = GradientSum(layout: update.parameterisation.layout)
        var training = UnitSummary()
        for result in results.sorted(by: { $0.unit < $1.unit }) {
            guard let gradient = result.gradientValues else {
                preconditionFailure("a training result keeps its gradient until its step's checkpoint is durable")
            }
            try sum.add(gradient, unit: result.unit)
            training.add(result.summary)
        }
        precondition(training.sequences == sequences, "all units of the step")
        let outcome = try update.apply(
            vectorGradient: sum.mean(units: results.count, sequences: sequences), parameters: checkpoint.parameters,
            optimizerState: checkpoint.optimizerState, step: checkpoint.step)
        var next = checkpoint
        next.step += 1
        next.parameters = outcome.parameters
        next.optimizerState = outcome.optimizerState
        next.runningMeanReward = RunningMeanReward(
            sum: checkpoint.runningMeanReward.sum + training.rewardSum,
            count: checkpoint.runningMeanReward.count + training.sequences)
        return Outcome(checkpoint: next, gradientNorm: outcome.gradientNorm, learningRate: outcome.learningRate)
    }
}
