/// Passes over rows of log-probabilities, with eight SIMD lanes.
///
/// Float addition is not associative, so the compiler must not vectorise a plain sum. The lanes are therefore explicit,
/// and the order of the additions depends only on the length of the row.
package enum VocabularyRow {
    package typealias Lanes = SIMD8<Float>
    package static let width = Lanes.scalarCount

    /// The value of padding lanes. exp(−200) is 0 in Float32, so that they have no probability, and −200 is finite, so
    /// that 0 × padding is 0.
    private static let padding: Float = -200

    /// Σ_v term(a_v, b_v), with the terms in Float32 and their sum in Float64.
    ///
    /// - Shapes: a_V, b_V [V].
    /// - Parameter term: computes eight terms. It must return 0 for lanes in which both values are −200.
    @inline(__always)
    package static func sum(
        _ a_V: UnsafeBufferPointer<Float>, _ b_V: UnsafeBufferPointer<Float>, _ term: (Lanes, Lanes) -> Lanes
    ) -> Double {
        precondition(a_V.count == b_V.count)
        var total = SIMD8<Double>()
        for start in stride(from: 0, to: a_V.count, by: width) {
            total += SIMD8<Double>(term(lanes(a_V, at: start), lanes(b_V, at: start)))
        }
        return total.sum()
    }

    /// target_v += term(a_v, b_v).
    ///
    /// - Shapes: target_V, a_V, b_V [V].
    @inline(__always)
    package static func add(
        to target_V: UnsafeMutableBufferPointer<Float>, _ a_V: UnsafeBufferPointer<Float>,
        _ b_V: UnsafeBufferPointer<Float>, _ term: (Lanes, Lanes) -> Lanes
    ) {
        precondition(a_V.count == b_V.count && a_V.count == target_V.count)
        for start in stride(from: 0, to: a_V.count, by: width) {
            let increment = term(lanes(a_V, at: start), lanes(b_V, at: start))
            if start + width <= target_V.count {
                let address = UnsafeMutableRawPointer(target_V.baseAddress! + start)
                let old = address.loadUnaligned(as: Lanes.self)
                address.storeBytes(of: old + increment, as: Lanes.self)
            } else {
                for index in start..<target_V.count { target_V[index] += increment[index - start] }
            }
        }
    }

    @inline(__always)
    private static func lanes(_ row_V: UnsafeBufferPointer<Float>, at start: Int) -> Lanes {
        if start + width <= row_V.count {
            return UnsafeRawPointer(row_V.baseAddress! + start).loadUnaligned(as: Lanes.self)
        }
        var lanes = Lanes(repeating: padding)
        for index in start..<row_V.count { lanes[index - start] = row_V[index] }
        return lanes
    }

    /// eˣ for log-probabilities: x = n·ln 2 + r with |r| ≤ ½ ln 2, eˣ = 2ⁿ·Σ_{k≤7} rᵏ/k!.
    ///
    /// - Accuracy: ≤ 2.5e-7 relative for −87 ≤ x ≤ 0. The result is 0 below −87 and NaN for NaN. Proved by
    ///   `VocabularyRowTests`.
    @inline(__always)
    package static func exponential(_ x: Lanes) -> Lanes {
        // Adding and subtracting 1.5·2²³ rounds to an integer, whose low bits are then the low bits of the sum.
        let rounder = Lanes(repeating: 0x1.8p23)
        let clamped = x.replacing(with: -87, where: x .< -87)
        let shifted = clamped * 0x1.715476p0 + rounder
        let n = shifted - rounder
        // ln 2 is split into two parts such that n times the first is exact.
        let r = (clamped - n * 0x1.62e4p-1) - n * 0x1.7f7d1cp-20
        var series = r * (1 / 5040) + (1 / 720)
        series = series * r + (1 / 120)
        series = series * r + (1 / 24)
        series = series * r + (1 / 6)
        series = series * r + 0.5
        series = series * r + 1
        series = series * r + 1
        let exponent = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- unsafeBitCast(rounder, to: SIMD8<Int32>.self)
        let power = unsafeBitCast((exponent &+ 127) &<< 23, to: Lanes.self)
        return (series * power).replacing(with: 0, where: x .< -87)
    }
}
