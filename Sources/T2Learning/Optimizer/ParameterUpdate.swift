import T2Core

/// The update of the parameters p from a step's gradient of z: chain rule, clipping, AdamW. The update is a pure
/// function: equal inputs give equal bits.
package struct ParameterUpdate: Sendable, Equatable {
    private let parameterisation: Parameterisation
    private let clipNorm: Double
    private let optimizer: AdamW
    private let learningRate: LearningRate

    /// - Throws: `LearningError.configuration`, which names the key that is out of range.
    package init(parameterisation: Parameterisation, configuration: RunConfiguration) throws(LearningError) {
        self.parameterisation = parameterisation
        clipNorm = Double(configuration.clipNorm)
        try LearningError.require(
            clipNorm > 0 && clipNorm.isFinite, "clip-norm", clipNorm, "a number above 0",
            remedy: "The published value is 1e-3.")
        optimizer = try AdamW(
            beta1: Double(configuration.adamBeta1), beta2: Double(configuration.adamBeta2),
            epsilon: Double(configuration.adamEpsilon), weightDecay: Double(configuration.weightDecay))
        learningRate = try LearningRate(
            base: Double(configuration.learningRate), schedule: configuration.schedule,
            warmUpSteps: configuration.warmUpSteps, steps: configuration.steps)
    }

    /// Takes one step that lowers the loss: updates p and the moments, and counts the step.
    ///
    /// - Parameter vectorGradient: ∂L/∂z, the mean over the step's sequences, as `GradientSum.mean` returns it.
    /// - Returns: the norm ‖∂L/∂p‖₂ before clipping, and the learning rate.
    /// - Throws: `LearningError.nonFinite`, which names the first entry of the gradient, of p, of the second moment or
    ///   of z that is not finite. The checkpoint is then unchanged.
    package func apply(
        _ vectorGradient: ExpertVector, to checkpoint: inout Checkpoint
    ) throws(LearningError) -> (gradientNorm: Double, learningRate: Double) {
        let layout = parameterisation.layout
        let step = checkpoint.step
        try LearningError.requireFinite(
            vectorGradient.values, layout: layout, quantity: "the gradient of z at step \(step)")
        var gradient = parameterisation.parameterGradient(p: checkpoint.parameters, vectorGradient: vectorGradient)
        try LearningError.requireFinite(gradient, layout: layout, quantity: "the gradient of p at step \(step)")
        let norm = clip(&gradient, largestNorm: clipNorm)
        let rate = learningRate.rate(step: step)
        var next = checkpoint
        optimizer.step(
            parameters: &next.parameters, gradient: gradient, learningRate: rate, state: &next.optimizerState)
        next.step += 1
        try LearningError.requireFinite(next.parameters, layout: layout, quantity: "p after step \(step)")
        try LearningError.requireFinite(
            next.optimizerState.secondMoment, layout: layout, quantity: "the second moment after step \(step)")
        try LearningError.requireFinite(
            parameterisation.vector(next.parameters).values, layout: layout, quantity: "z after step \(step)")
        checkpoint = next
        return (norm, rate)
    }
}

/// Scales a gradient by min(1, largestNorm / (‖g‖₂ + 1e-6)), as `torch.nn.utils.clip_grad_norm_` does.
///
/// - Returns: the norm ‖g‖₂ before the scaling, summed in Float64.
package func clip(_ gradient: inout [Float], largestNorm: Double) -> Double {
    let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    let coefficient = largestNorm / (norm + 1e-6)
    if coefficient < 1 {
        for index in gradient.indices { gradient[index] = Float(Double(gradient[index]) * coefficient) }
    }
    return norm
}
