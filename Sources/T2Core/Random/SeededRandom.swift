import Foundation

/// Counter-based random numbers (Philox4x32-10): a value depends on the seed and its position alone.
///
/// `RandomStream` names the streams of one seed; the draws of a stream are numbered from 0.
/// - Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private let key: SIMD2<UInt32>
    private var counter: SIMD4<UInt32>
    private var block = SIMD4<UInt32>()
    private var used = 4

    /// A stream by its coordinates, for tests and benchmarks. Programs use a `RandomStream`.
    package init(seed: UInt64, step: Int = 0, problem: Int = 0, sample: Int = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        counter = SIMD4(
            0, UInt32(truncatingIfNeeded: sample), UInt32(truncatingIfNeeded: problem), UInt32(truncatingIfNeeded: step)
        )
    }

    package mutating func next32() -> UInt32 {
        if used == 4 {
            block = Self.philox(counter: counter, key: key)
            counter.x &+= 1
            used = 0
        }
        defer { used += 1 }
        return block[used]
    }

    package mutating func next() -> UInt64 {
        let low = UInt64(next32())
        return UInt64(next32()) << 32 | low
    }

    /// A uniform value in [0, 1) with 53 random bits.
    package mutating func nextUniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A standard normal value by Box–Muller. Each takes two uniform values, so positions stay countable.
    package mutating func nextNormal() -> Double {
        let radius = (-2 * log(1 - nextUniform())).squareRoot()
        return radius * cos(2 * .pi * nextUniform())
    }

    /// One block of four words, after ten rounds.
    package static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var c = counter
        var k = key
        for _ in 0..<10 {
            let p0 = UInt64(0xD251_1F53) * UInt64(c.x)
            let p1 = UInt64(0xCD9E_8D57) * UInt64(c.z)
            c = SIMD4(
                UInt32(truncatingIfNeeded: p1 >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p0))
            k &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return c
    }
}
