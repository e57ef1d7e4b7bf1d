import CKernels
import Foundation
import T2Core

/// Rotary position embedding: each pair (i, i + D/2) of a head is rotated by the angle position · fᵢ, where
/// fᵢ = θ^(−2i/D) unless the frequencies are scaled.
///
/// - Source: Su et al., arXiv 2104.09864, in the half-split layout of Hugging Face's Llama.
package struct RotaryEmbedding: Sendable {
    private let cosine: FloatBuffer
    private let sine: FloatBuffer
    private let headSize: Int

    /// Computes the tables of cosines and sines for the positions 0..<contextLength.
    ///
    /// - Shapes: two tables of [contextLength, D/2].
    package init(headSize: Int, theta: Double, contextLength: Int, scaling: RopeScaling = .none) {
        let half = headSize / 2
        cosine = FloatBuffer(count: contextLength * half)
        sine = FloatBuffer(count: contextLength * half)
        self.headSize = headSize
        let frequencies = scaling.frequencies(headSize: headSize, theta: theta)
        let magnitude = scaling.magnitude
        for (i, frequency) in frequencies.enumerated() {
            for position in 0..<contextLength {
                let angle = Float(position) * frequency
                cosine.pointer[position * half + i] = Foundation.cos(angle) * magnitude
                sine.pointer[position * half + i] = Foundation.sin(angle) * magnitude
            }
        }
    }

    /// Rotates `heads` consecutive heads at the start of each row, in place.
    ///
    /// - Shapes: x [T, ≥ heads·D], positions [T].
    /// - Parameter backward: whether to rotate by the negative angles, as the gradient needs it.
    package func rotate(_ x: Matrix, positions: UnsafePointer<Int32>, heads: Int, backward: Bool = false) {
        t2_rotate(
            x.pointer, positions, cosine.pointer, sine.pointer, x.rows, heads, headSize, x.stride, backward ? -1 : 1)
    }
}

extension RopeScaling {
    /// What the rotated vectors are multiplied by.
    package var magnitude: Float { if case .yarn(_, let magnitude, _, _, _, _) = self { Float(magnitude) } else { 1 } }

    /// The frequencies fᵢ in radians per position, [D/2], computed in float32 and in the same order of operations as by
    /// transformers, so that the angles agree with it at high positions.
    package func frequencies(headSize: Int, theta: Double) -> [Float] {
        let powers = (0..<headSize / 2).map { powf(Float(theta), Float(2 * $0) / Float(headSize)) }
        switch self {
        case .none: return powers.map { 1 / $0 }
        case .linear(let factor): return powers.map { 1 / $0 / Float(factor) }
        case .llama3(let factor, let low, let high, let original):
            return powers.map { power in
                let frequency = 1 / power
                let wavelength = Float(2 * Double.pi) / frequency
                if wavelength > Float(Double(original) / low) { return frequency / Float(factor) }
                if wavelength < Float(Double(original) / high) { return frequency }
                let share = (Float(original) / wavelength - Float(low)) / Float(high - low)
                return (1 - share) * frequency / Float(factor) + share * frequency
            }
        case .yarn(let factor, _, let fast, let slow, let original, let truncates):
            /// The index at which a frequency makes so many turns in the original context.
            func index(turns: Double) -> Double {
                Double(headSize) * log(Double(original) / (turns * 2 * .pi)) / (2 * log(theta))
            }
            var (first, last) = (index(turns: fast), index(turns: slow))
            if truncates { (first, last) = (first.rounded(.down), last.rounded(.up)) }
            (first, last) = (max(first, 0), min(last, Double(headSize - 1)))
            if first == last { last += 0.001 }
            return powers.enumerated().map { i, power in
                let kept = 1 - min(max((Float(i) - Float(first)) / Float(last - first), 0), 1)
                return 1 / (Float(factor) * power) * (1 - kept) + 1 / power * kept
            }
        }
    }
}
