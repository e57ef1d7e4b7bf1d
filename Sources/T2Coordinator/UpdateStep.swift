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
        package let result: ResultRecord

        package var description: String { cause.description }
    }

    /// - Throws: `LearningError.configuration` naming the key that is out of range.
    package init(parameterisation: Parameterisation, configuration: RunConfiguration) throws {
        update = try ParameterUpdate(parameterisation: parameterisation, configuration: configuration)
        sequences = configuration.promptsPerStep * configuration.samplesPerPrompt
    }

    /// Sum in unit order, divide by B, chain rule, clip, AdamW.
    ///
    /// - Parameter results: all training units of the step, in any order.
    /// - Throws: `Failure` naming the unit or the weight at fault; nothing was updated then.
    package func next(after checkpoint: Checkpoint, results: [ResultRecord]) throws(Failure) -> Outcome {
        let results = results.sorted { $0.unit < $1.unit }
        var sum = GradientSum(layout: update.parameterisation.layout)
        var training = UnitSummary()
        for result in results {
            do { try sum.add(Self.gradient(of: result), unit: result.unit) } catch {
                throw Failure(cause: error, result: result)
            }
            training.add(result.summary)
        }
        precondition(training.sequences == sequences, "all units of the step")
        let outcome: ParameterUpdate.Outcome
        do {
            outcome = try update.apply(
                vectorGradient: sum.mean(units: results.count, sequences: sequences),
                parameters: checkpoint.parameters, optimizerState: checkpoint.optimizerState, step: checkpoint.step)
        } catch {
            throw Failure(cause: error, result: Self.largest(results))
        }
        var next = checkpoint
        next.step += 1
        next.parameters = outcome.parameters
        next.optimizerState = outcome.optimizerState
        next.runningMeanReward.add(sum: training.rewardSum, count: training.sequences)
        return Outcome(checkpoint: next, gradientNorm: outcome.gradientNorm, learningRate: outcome.learningRate)
    }

    private static func gradient(of result: ResultRecord) -> [Float] {
        guard let gradient = result.gradientValues else {
            preconditionFailure("a training result keeps its gradient until its step's checkpoint is durable")
        }
        return gradient
    }

    /// The first of those whose gradient holds the largest value.
    private static func largest(_ results: [ResultRecord]) -> ResultRecord {
        let sizes = results.map { gradient(of: $0).reduce(0) { max($0, abs($1)) } }
        let place = sizes.firstIndex(of: sizes.max() ?? 0) ?? 0
        return results[place]
    }
}
