import Foundation
import T2Core

/// Adam with decoupled weight decay.
///
/// With g the gradient and t counted from 1:
/// p ← p(1 − lr·wd); m ← m + (1 − β₁)(g − m); v ← β₂v + (1 − β₂)g²;
/// p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).
/// - Accuracy: within 1e-6 of `torch.optim.AdamW` after five steps; computed in Float64, with the state in Float32.
///   Proved by `AdamWTests`.
/// - Source: arXiv 1711.05101, algorithm 2; PyTorch's `torch.optim.AdamW`.
package struct AdamW: Sendable, Equatable {
    let beta1: Double
    let beta2: Double
    let epsilon: Double
    let weightDecay: Double

    /// The moments of a run.
    ///
    /// - Invariant: both moments have one value per parameter.
    package struct State: Sendable, Equatable {
        package fileprivate(set) var firstMoment: [Float]
        package fileprivate(set) var secondMoment: [Float]
        /// The number of steps taken, t.
        package fileprivate(set) var steps: Int

        /// The state before the first step.
        package init(count: Int) {
            self.init(
                firstMoment: [Float](repeating: 0, count: count), secondMoment: [Float](repeating: 0, count: count),
                steps: 0)
        }

        package init(firstMoment: [Float], secondMoment: [Float], steps: Int) {
            precondition(firstMoment.count == secondMoment.count && steps >= 0)
            self.firstMoment = firstMoment
            self.secondMoment = secondMoment
            self.steps = steps
        }
    }

    /// - Throws: `LearningError.configuration`, which names the key that is out of range.
    package init(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
    ) throws(LearningError) {
        for (key, beta) in [("adam-beta1", beta1), ("adam-beta2", beta2)] {
            try LearningError.require(
                (0..<1).contains(beta), key, beta, "a number from 0 to below 1",
                remedy: "Usual values are 0.9 and 0.999.")
        }
        try LearningError.require(
            epsilon > 0 && epsilon.isFinite, "adam-epsilon", epsilon, "a number above 0",
            remedy: "The usual value is 1e-8.")
        try LearningError.require(
            weightDecay >= 0 && weightDecay.isFinite, "weight-decay", weightDecay, "a number of 0 or more",
            remedy: "The usual value is 0.")
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    /// Takes one step, in place.
    ///
    /// - Shapes: parameters, gradient and both moments [P].
    package func step(parameters: inout [Float], gradient: [Float], learningRate: Double, state: inout State) {
        precondition(parameters.count == gradient.count && gradient.count == state.firstMoment.count)
        state.steps += 1
        let stepSize = learningRate / (1 - pow(beta1, Double(state.steps)))
        let secondCorrection = (1 - pow(beta2, Double(state.steps))).squareRoot()
        let decay = 1 - learningRate * weightDecay
        for index in parameters.indices {
            let g = Double(gradient[index])
            let m = Double(state.firstMoment[index])
            let first = m + (1 - beta1) * (g - m)
            let second = beta2 * Double(state.secondMoment[index]) + (1 - beta2) * g * g
            let direction = first / (second.squareRoot() / secondCorrection + epsilon)
            parameters[index] = Float(Double(parameters[index]) * decay - stepSize * direction)
            state.firstMoment[index] = Float(first)
            state.secondMoment[index] = Float(second)
        }
    }
}
