import Testing

@testable import T2Tasks

@Suite("Exact arithmetic")
struct RationalTests {
    @Test("division of integers of any length gives quotient and remainder")
    func division() throws {
        var random = SplitMix(state: 7)
        for round in 0..<2000 {
            let divisor = random.integer(limbs: 1 + round % 7)
            let quotient = random.integer(limbs: round % 9)
            let remainder = try #require(random.integer(limbs: 1 + round % 7).dividedMagnitude(by: divisor)).remainder
            let result = try #require((quotient * divisor + remainder).dividedMagnitude(by: divisor))
            #expect(result.quotient == quotient)
            #expect(result.remainder == remainder)
            #expect(remainder < divisor)
            #expect(quotient * divisor + remainder - remainder == divisor * quotient)
        }
        #expect(BigInteger.one.dividedMagnitude(by: .zero) == nil)
    }

    @Test("small integers behave as Int does")
    func small() throws {
        for a in [-1000, -7, -1, 0, 1, 5, 12, 999, Int.max >> 2, Int.min >> 2] {
            for b in [-1000, -7, -1, 1, 5, 12, 999] {
                let (x, y) = (BigInteger(a), BigInteger(b))
                #expect((x + y).int == a + b)
                #expect((x - y).int == a - b)
                #expect((x < y) == (a < b))
                let result = try #require(x.dividedMagnitude(by: y))
                #expect(result.quotient.int == abs(a) / abs(b))
                #expect(result.remainder.int == abs(a) % abs(b))
            }
        }
        #expect(BigInteger(digits: "18446744073709551616".utf8) == BigInteger(2).power(64))
        #expect(BigInteger(Int.min).magnitude == BigInteger(2).power(63))
        #expect(BigInteger(2).power(63).int == nil)
    }

    @Test("fractions are reduced, and roots exact or none")
    func fractions() throws {
        let half = try #require(Rational(BigInteger(-3), over: BigInteger(-6)))
        #expect(half == Rational(decimal: "0.50".utf8))
        #expect(half + half == .one)
        #expect(half.power(-3) == Rational(8))
        #expect(Rational.zero.power(0) == nil)
        #expect(Rational.zero.reciprocal == nil)
        #expect(Rational(BigInteger(4), over: BigInteger(9))?.root(2) == Rational(BigInteger(2), over: BigInteger(3)))
        #expect(Rational(2).root(2) == nil)
        #expect(Rational(-8).root(3) == Rational(-2))
        #expect(Rational(-4).root(2) == nil)
        #expect(Rational(BigInteger(3).power(200))?.root(100) == Rational(9))
    }

    @Test("what would not fit has no value")
    func limits() {
        #expect(Rational(BigInteger(2).power(Rational.bitLimit)) == nil)
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

    /// Limbs of extreme values among others: these make a division's estimate wrong.
    mutating func integer(limbs: Int) -> BigInteger {
        var result = BigInteger.one
        for _ in 0..<limbs {
            let limb =
                [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, Int(next() >> 32)].randomElement(using: &self) ?? 0
            result = result * BigInteger(1 << 32) + BigInteger(limb)
        }
        return result
    }
}
