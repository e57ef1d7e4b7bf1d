import T2Core

/// The update of the parameters p from a step's gradient of z: chain rule, clipping, AdamW. The update is a pure
/// function: equal inputs give equal bits.
package struct ParameterUpdate: Sendable, Equatable {
    package let parameterisation: Parameterisation
    private let clipping: GradientClipping
    private let optimizer: AdamW
    private let learningRate: LearningRate

    /// The result of one step.
    package struct Outcome: Sendable, Equatable {
        package let parameters: [Float]
        package let optimizerState: AdamW.State
        /// The norm ‖∂L/∂p‖₂ before clipping.
        package let gradientNorm: Double
        package let learningRate: Double
    }

    /// - Throws: `LearningError.configuration`, which names the key that is out of range.
    package init(parameterisation: Parameterisation, configuration: RunConfiguration) throws(LearningError) {
        self.parameterisation = parameterisation
        clipping = try GradientClipping(largestNorm: Double(configuration.clipNorm))
        optimizer = try AdamW(
            beta1: Double(configuration.adamBeta1), beta2: Double(configuration.adamBeta2),
            epsilon: Double(configuration.adamEpsilon), weightDecay: Double(configuration.weightDecay))
        learningRate = try LearningRate(
            base: Double(configuration.learningRate), schedule: configuration.schedule,
            warmUpSteps: configuration.warmUpSteps, steps: configuration.steps)
    }

    /// Takes one step that lowers the loss.
    ///
    /// - Parameters:
    ///   - vectorGradient: ∂L/∂z, the mean over the step's sequences, as `GradientSum.mean` returns it.
    ///   - step: the index of the step, counted from 0, which determines the learning rate.
    /// - Shapes: parameters [layout.count] -> [layout.count].
    /// - Throws: `LearningError.nonFinite`, which names the first entry of the gradient, of p, of the second moment or
    ///   of z that is not finite.
    package func apply(
        vectorGradient: ExpertVector, parameters: [Float], optimizerState: AdamW.State, step: Int
    ) throws(LearningError) -> Outcome {
        let layout = parameterisation.layout
        try LearningError.requireFinite(
            vectorGradient.values, layout: layout, quantity: "the gradient of z at step \(step)")
        var gradient = parameterisation.parameterGradient(p: parameters, vectorGradient: vectorGradient)
        try LearningError.requireFinite(gradient, layout: layout, quantity: "the gradient of p at step \(step)")
        let norm = clipping.clip(&gradient)
        let rate = learningRate.rate(step: step)
        var updated = parameters
        var state = optimizerState
        optimizer.step(parameters: &updated, gradient: gradient, learningRate: rate, state: &state)
        try LearningError.requireFinite(updated, layout: layout, quantity: "p after step \(step)")
        try LearningError.requireFinite(
            state.secondMoment, layout: layout, quantity: "the second moment after step \(step)")
        try LearningError.requireFinite(
            parameterisation.vector(updated).values, layout: layout, quantity: "z after step \(step)")
        return Outcome(parameters: updated, optimizerState: state, gradientNorm: norm, learningRate: rate)
    }
}
