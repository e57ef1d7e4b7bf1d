import T2Core

/// Clipping of a gradient by its global norm, as by `torch.nn.utils.clip_grad_norm_`.
package struct GradientClipping: Sendable, Equatable {
    let largestNorm: Double

    /// - Throws: `LearningError.configuration` if the norm is not above 0.
    package init(largestNorm: Double) throws(LearningError) {
        try LearningError.require(
            largestNorm > 0 && largestNorm.isFinite, "clip-norm", largestNorm, "a number above 0",
            remedy: "The published value is 1e-3.")
        self.largestNorm = largestNorm
    }

    /// Scales the gradient by min(1, largestNorm / (‖g‖₂ + 1e-6)) and returns the norm ‖g‖₂ before the scaling.
    ///
    /// - Accuracy: the norm is summed in Float64.
    package func clip(_ gradient: inout [Float]) -> Double {
        let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        let coefficient = largestNorm / (norm + 1e-6)
        if coefficient < 1 {
            for index in gradient.indices { gradient[index] = Float(Double(gradient[index]) * coefficient) }
        }
        return norm
    }
}
