/// Passes over rows of log-probabilities, eight lanes at a time.
///
/// Float addition is not associative, so the compiler may not vectorise a plain sum; the lanes are therefore explicit, and
/// the order of additions is fixed by the row's length alone.
package enum VocabularyRow {
    package typealias Lanes = SIMD8<Float>
    package static let width = Lanes.scalarCount

    /// exp(−200) is 0 in Float32, so padding lanes carry no probability; it is finite, so 0 × padding is 0.
    private static let padding: Float = -200

    /// Σ_v term(a_v, b_v), each eight terms in Float32, their sum in Float64.
    ///
    /// `term` must be 0 for lanes where both values are −200.
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
    @inline(__always)
    package static func add(
        to target_V: UnsafeMutableBufferPointer<Float>, _ a_V: UnsafeBufferPointer<Float>,
        _ b_V: UnsafeBufferPointer<Float>, _ term: (Lanes, Lanes) -> Lanes
    ) {
        precondition(a_V.count == b_V.count && a_V.count == target_V.count)
        for start in stride(from: 0, to: a_V.count, by: width) {
            let increment = term(lanes(a_V, at: start), lanes(b_V, at: start))
            if start + width <= target_V.count {
                let place = UnsafeMutableRawPointer(target_V.baseAddress! + start)
                let old = place.loadUnaligned(as: Lanes.self)
                place.storeBytes(of: old + increment, as: Lanes.self)
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
    /// - Accuracy: ≤ 2.5e-7 relative for −87 ≤ x ≤ 0; 0 below, NaN for NaN. Proved by `VocabularyRowTests`.
    @inline(__always)
    package static func exponential(_ x: Lanes) -> Lanes {
        // Adding and subtracting 1.5·2²³ rounds to an integer, whose low bits then stand in the sum's own bits.
        let rounder = Lanes(repeating: 0x1.8p23)
        let clamped = x.replacing(with: -87, where: x .< -87)
        let shifted = clamped * 0x1.715476p0 + rounder
        let n = shifted - rounder
        // ln 2 in two parts: n times the first is exact.
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
