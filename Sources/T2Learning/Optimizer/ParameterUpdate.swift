import T2Core

/// From a step's gradient of z to the next p: chain rule, clip, AdamW. Pure: equal inputs give equal bits.
package struct ParameterUpdate: Sendable, Equatable {
    package let parameterisation: Parameterisation
    package let clipping: GradientClipping
    package let optimizer: AdamW
    package let learningRate: LearningRate

    /// What one step came to.
    package struct Outcome: Sendable, Equatable {
        package let parameters: [Float]
        package let optimizerState: AdamW.State
        /// ‖∂L/∂p‖₂ before the clip.
        package let gradientNorm: Double
        package let learningRate: Double
    }

    /// - Throws: `LearningError.configuration` naming the key that is out of range.
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

    /// One step of the loss downhill.
    ///
    /// - Parameters:
    ///   - vectorGradient: ∂L/∂z, the mean over the step's sequences, as `GradientSum.mean` gives it.
    ///   - step: counted from 0; sets the learning rate.
    /// - Shapes: parameters [layout.count] -> [layout.count].
    /// - Throws: `LearningError.nonFinite` naming the first entry of the gradient, of p, of the second moment or of z at fault.
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
