import Foundation
import T2Core

/// The durations of emulated units, log-normal and the same in every run with one seed.
struct LogNormalWork: Sendable {
    /// Seconds.
    let median: Double
    /// The standard deviation of the durations' logarithm.
    let spread: Double
    let seed: UInt64

    /// The duration of one attempt at a unit, in seconds.
    func seconds(step: Int, unit: Int, attempt: Int = 1) -> Double {
        var random = SeededRandom(seed: seed, step: step, problem: unit, sample: attempt)
        let (u, v) = (Double.random(in: 0..<1, using: &random), Double.random(in: 0..<1, using: &random))
        // The Box-Muller transform.
        let normal = (-2 * log(1 - u)).squareRoot() * cos(2 * .pi * v)
        return median * exp(spread * normal)
    }
}
