/// An integer of any length.
///
/// Invariant: `limbs` is little-endian without leading zero limbs; zero is empty and not negative.
///
/// - Cost: sums are linear in the limbs, products and divisions quadratic: whoever computes bounds the length first.
struct BigInteger: Hashable {
    private(set) var isNegative: Bool
    private(set) var limbs: [UInt32]

    static let zero = BigInteger(0)
    static let one = BigInteger(1)

    init(_ value: Int) {
        let magnitude = value.magnitude
        self.init(
            isNegative: value < 0,
            limbs: [UInt32(truncatingIfNeeded: magnitude), UInt32(truncatingIfNeeded: magnitude >> 32)])
    }

    private init(isNegative: Bool, limbs: [UInt32]) {
        var limbs = limbs
        while limbs.last == 0 { limbs.removeLast() }
        self.limbs = limbs
        self.isNegative = isNegative && !limbs.isEmpty
    }

    /// The value of decimal digits, ASCII; bytes that are no digits are passed over. Quadratic in their number.
    init(digits: some Sequence<UInt8>) {
        var limbs: [UInt32] = []
        for digit in digits where digit.isDigit {
            var carry = UInt64(digit - UInt8(ascii: "0"))
            for index in limbs.indices {
                carry += UInt64(limbs[index]) * 10
                limbs[index] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            if carry > 0 { limbs.append(UInt32(carry)) }
        }
        self.init(isNegative: false, limbs: limbs)
    }

    var isZero: Bool { limbs.isEmpty }
    var isOdd: Bool { (limbs.first ?? 0) & 1 == 1 }
    var magnitude: BigInteger { BigInteger(isNegative: false, limbs: limbs) }

    var bitWidth: Int { limbs.isEmpty ? 0 : limbs.count * 32 - limbs[limbs.count - 1].leadingZeroBitCount }

    /// Nil if it does not fit.
    var int: Int? {
        guard bitWidth <= 62 else { return nil }
        let magnitude = limbs.reversed().reduce(0) { $0 << 32 | Int($1) }
        return isNegative ? -magnitude : magnitude
    }

    static prefix func - (value: BigInteger) -> BigInteger {
        BigInteger(isNegative: !value.isNegative, limbs: value.limbs)
    }

    static func + (a: BigInteger, b: BigInteger) -> BigInteger {
        if a.isNegative == b.isNegative { return BigInteger(isNegative: a.isNegative, limbs: sum(a.limbs, b.limbs)) }
        return isLess(a.limbs, b.limbs)
            ? BigInteger(isNegative: b.isNegative, limbs: difference(b.limbs, a.limbs))
            : BigInteger(isNegative: a.isNegative, limbs: difference(a.limbs, b.limbs))
    }

    static func - (a: BigInteger, b: BigInteger) -> BigInteger { a + -b }

    static func * (a: BigInteger, b: BigInteger) -> BigInteger {
        var product = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
        for (i, x) in a.limbs.enumerated() {
            var carry: UInt64 = 0
            for (j, y) in b.limbs.enumerated() {
                carry += UInt64(x) * UInt64(y) + UInt64(product[i + j])
                product[i + j] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            product[i + b.limbs.count] = UInt32(carry)
        }
        return BigInteger(isNegative: a.isNegative != b.isNegative, limbs: product)
    }

    static func < (a: BigInteger, b: BigInteger) -> Bool { (a - b).isNegative }

    func power(_ exponent: Int) -> BigInteger {
        var result = BigInteger.one
        var square = self
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result = result * square }
            rest >>= 1
            if rest > 0 { square = square * square }
        }
        return result
    }

    private static func sum(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0..<max(a.count, b.count) {
            carry += UInt64(index < a.count ? a[index] : 0) + UInt64(index < b.count ? b[index] : 0)
            result.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        return result + [UInt32(carry)]
    }

    /// a − b, a ≥ b.
    private static func difference(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        var result = a
        var borrow: Int64 = 0
        for index in a.indices {
            let value = Int64(a[index]) - (index < b.count ? Int64(b[index]) : 0) - borrow
            borrow = value < 0 ? 1 : 0
            result[index] = UInt32(truncatingIfNeeded: value)
        }
        return result
    }

    private static func isLess(_ a: [UInt32], _ b: [UInt32]) -> Bool {
        if a.count != b.count { return a.count < b.count }
        for index in a.indices.reversed() where a[index] != b[index] { return a[index] < b[index] }
        return false
    }
}

extension BigInteger {
    /// Quotient towards zero and remainder of the magnitudes, both not negative; nil for a divisor of zero.
    func dividedMagnitude(by divisor: BigInteger) -> (quotient: BigInteger, remainder: BigInteger)? {
        guard !divisor.isZero else { return nil }
        if Self.isLess(limbs, divisor.limbs) { return (.zero, magnitude) }
        if divisor.limbs.count == 1 { return divided(byLimb: divisor.limbs[0]) }

        // Long division by limbs: with the divisor's top bit set, an estimate from two limbs is at most 2 too large.
        let shift = divisor.limbs[divisor.limbs.count - 1].leadingZeroBitCount
        let lower = Self.shifted(divisor.limbs, by: shift)
        var rest = Self.shifted(limbs, by: shift) + [0]
        let size = divisor.limbs.count
        let (top, second) = (UInt64(lower[size - 1]), UInt64(lower[size - 2]))
        var quotient = [UInt32](repeating: 0, count: rest.count - size)
        for place in (0..<(rest.count - size)).reversed() {
            let head = UInt64(rest[place + size]) << 32 | UInt64(rest[place + size - 1])
            var digit = head / top
            var left = head % top
            while digit > UInt64(UInt32.max) || digit * second > left << 32 | UInt64(rest[place + size - 2]) {
                digit -= 1
                left += top
                if left > UInt64(UInt32.max) { break }
            }
            if Self.subtract(lower[..<size], times: digit, from: &rest, at: place) {
                digit -= 1
                Self.add(lower[..<size], to: &rest, at: place)
            }
            quotient[place] = UInt32(truncatingIfNeeded: digit)
        }
        let remainder = Self.shifted(Array(rest[..<size]), rightBy: shift)
        return (BigInteger(isNegative: false, limbs: quotient), BigInteger(isNegative: false, limbs: remainder))
    }

    /// Greatest common divisor, not negative; Euclid's algorithm.
    static func greatestCommonDivisor(_ a: BigInteger, _ b: BigInteger) -> BigInteger {
        var (a, b) = (a.magnitude, b.magnitude)
        while let (_, remainder) = a.dividedMagnitude(by: b) { (a, b) = (b, remainder) }
        return a
    }

    private func divided(byLimb divisor: UInt32) -> (quotient: BigInteger, remainder: BigInteger) {
        var quotient = limbs
        var rest: UInt64 = 0
        for index in limbs.indices.reversed() {
            rest = rest << 32 | UInt64(limbs[index])
            quotient[index] = UInt32(truncatingIfNeeded: rest / UInt64(divisor))
            rest %= UInt64(divisor)
        }
        return (
            BigInteger(isNegative: false, limbs: quotient),
            BigInteger(isNegative: false, limbs: [UInt32(truncatingIfNeeded: rest)])
        )
    }

    /// One limb more than it was given, for the bits shifted out.
    private static func shifted(_ limbs: [UInt32], by shift: Int) -> [UInt32] {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for limb in limbs {
            carry |= UInt64(limb) << UInt64(shift)
            result.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        return result + [UInt32(carry)]
    }

    private static func shifted(_ limbs: [UInt32], rightBy shift: Int) -> [UInt32] {
        limbs.indices.map { index in
            let above = index + 1 < limbs.count ? UInt64(limbs[index + 1]) : 0
            return UInt32(truncatingIfNeeded: (above << 32 | UInt64(limbs[index])) >> UInt64(shift))
        }
    }

    /// True if the difference fell below zero; it is then short by one `subtrahend`.
    private static func subtract(
        _ subtrahend: ArraySlice<UInt32>, times factor: UInt64, from rest: inout [UInt32], at place: Int
    ) -> Bool {
        var carry: UInt64 = 0
        var borrow: Int64 = 0
        for (index, limb) in subtrahend.enumerated() {
            carry += UInt64(limb) * factor
            let value = Int64(rest[place + index]) - Int64(carry & 0xFFFF_FFFF) - borrow
            rest[place + index] = UInt32(truncatingIfNeeded: value)
            borrow = value < 0 ? 1 : 0
            carry >>= 32
        }
        let last = Int64(rest[place + subtrahend.count]) - Int64(carry) - borrow
        rest[place + subtrahend.count] = UInt32(truncatingIfNeeded: last)
        return last < 0
    }

    private static func add(_ addend: ArraySlice<UInt32>, to rest: inout [UInt32], at place: Int) {
        var carry: UInt64 = 0
        for (index, limb) in addend.enumerated() {
            carry += UInt64(rest[place + index]) + UInt64(limb)
            rest[place + index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        rest[place + addend.count] = UInt32(truncatingIfNeeded: UInt64(rest[place + addend.count]) + carry)
    }
}
