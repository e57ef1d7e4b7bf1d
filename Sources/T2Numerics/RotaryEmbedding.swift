import CKernels
import Foundation

/// Rotary position embedding: each pair (i, i + D/2) of a head is rotated by the angle position · θ^(−2i/D).
///
/// - Source: Su et al., arXiv 2104.09864, in the half-split layout of Hugging Face's Llama.
package struct RotaryEmbedding: Sendable {
    private let cosine: FloatBuffer
    private let sine: FloatBuffer
    private let headSize: Int

    /// Computes the tables of cosines and sines for the positions 0..<contextLength.
    ///
    /// - Shapes: two tables of [contextLength, D/2].
    package init(headSize: Int, theta: Double, contextLength: Int) {
        let half = headSize / 2
        cosine = FloatBuffer(count: contextLength * half)
        sine = FloatBuffer(count: contextLength * half)
        self.headSize = headSize
        for i in 0..<half {
            // Computed in float32 like the reference, so that the angles agree with it at high positions.
            let frequency = Float(1) / powf(Float(theta), Float(2 * i) / Float(headSize))
            for position in 0..<contextLength {
                let angle = Float(position) * frequency
                cosine.pointer[position * half + i] = Foundation.cos(angle)
                sine.pointer[position * half + i] = Foundation.sin(angle)
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
