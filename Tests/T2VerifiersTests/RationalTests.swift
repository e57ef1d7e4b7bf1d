import BigInt
import T2Verifiers
import Testing

@Suite("Exact arithmetic")
struct RationalTests {
    @Test("fractions are reduced, and roots exact or none")
    func fractions() throws {
        let half = try #require(Rational(BigInt(-3), over: BigInt(-6)))
        #expect(half == Rational(decimal: "0.50".utf8))
        #expect(Rational(BigInt(3), over: BigInt(-6)) == Rational(BigInt(-1), over: BigInt(2)))
        #expect(Rational(BigInt(0), over: BigInt(-6)) == .zero)
        #expect(Rational(BigInt(1), over: BigInt(0)) == nil)
        #expect(Rational(decimal: "18446744073709551616.5".utf8) == Rational(BigInt(2).power(65) + 1, over: BigInt(2)))
        #expect(half + half == .one)
        #expect(half.power(-3) == Rational(8))
        #expect(Rational.zero.power(0) == nil)
        #expect(Rational.zero.reciprocal == nil)
        #expect(Rational(BigInt(4), over: BigInt(9))?.root(2) == Rational(BigInt(2), over: BigInt(3)))
        #expect(Rational(2).root(2) == nil)
        #expect(Rational(-8).root(3) == Rational(-2))
        #expect(Rational(-4).root(2) == nil)
        #expect(Rational(BigInt(3).power(200))?.root(100) == Rational(9))
    }

    @Test("what would not fit has no value")
    func limits() {
        #expect(Rational(BigInt(2).power(Rational.bitLimit)) == nil)
        #expect(Rational(2).power(Int.max) == nil)
        #expect(Rational(2).power(Int.min) == nil)
        #expect(Rational(-1).power(Int.min) == .one)
        #expect(Rational(3).root(Int.max) == nil)
        #expect(Rational(decimal: String(repeating: "9", count: 1000).utf8) == nil)
    }
}

/// A generator of the same numbers in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
