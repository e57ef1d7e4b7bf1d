import BigInt

/// An exact fraction in lowest terms.
///
/// Invariant: the denominator is positive and shares no factor with the numerator; both have at most `bitLimit` bits.
/// An operation is nil if its result has no value or does not fit, so that the cost of every step is bounded.
package struct Rational: Hashable {
    package static let bitLimit = 1024
    package static let zero = Rational(0)
    package static let one = Rational(1)

    let numerator: BigInt
    let denominator: BigInt

    package init(_ value: Int) {
        numerator = BigInt(value)
        denominator = 1
    }

    package init?(_ numerator: BigInt, over denominator: BigInt = 1) {
        // Twice the limit, because a sum or product is reduced only now.
        guard !denominator.isZero, numerator.magnitude.bitWidth <= 2 * Self.bitLimit + 1,
            denominator.magnitude.bitWidth <= 2 * Self.bitLimit
        else { return nil }
        var (top, bottom) = (numerator, denominator)
        // The binary algorithm takes long with a divisor of 1.
        if denominator != 1 {
            let divisor = numerator.greatestCommonDivisor(with: denominator)
            (top, bottom) = (numerator / divisor, denominator / divisor)
        }
        guard top.magnitude.bitWidth <= Self.bitLimit, bottom.magnitude.bitWidth <= Self.bitLimit else { return nil }
        self.numerator = bottom.sign == .minus ? -top : top
        self.denominator = BigInt(bottom.magnitude)
    }

    /// A decimal such as `12.50`, ASCII digits with at most one point.
    package init?(decimal: some Collection<UInt8>) {
        // A digit takes more than three bits.
        guard decimal.count <= Self.bitLimit / 3 else { return nil }
        let fraction = decimal.drop { $0 != UInt8(ascii: ".") }.dropFirst()
        self.init(BigInt(digits: decimal), over: BigInt(10).power(fraction.count))
    }

    /// - Parameter digits: digits with at most one point; repeating digits are in brackets at the end: `0.1(6)` is 1/6.
    init?(digits: String) {
        let parts = digits.split(separator: "(")
        guard parts.count == 2 else {
            self.init(decimal: Array(digits.utf8))
            return
        }
        let period = parts[1].dropLast()
        let places = parts[0].split(separator: ".", omittingEmptySubsequences: false).last?.count ?? 0
        guard let start = Rational(decimal: Array(parts[0].utf8)), digits.utf8.count <= Self.bitLimit / 3,
            let rest = Rational(
                BigInt(digits: period.utf8),
                over: (BigInt(10).power(period.count) - 1) * BigInt(10).power(places)),
            let sum = start + rest
        else { return nil }
        self = sum
    }

    var isInteger: Bool { denominator == 1 }
    var isNegative: Bool { numerator.sign == .minus }
    var isZero: Bool { numerator.isZero }
    /// Nil if it is no integer or does not fit.
    var int: Int? { isInteger ? Int(exactly: numerator) : nil }

    /// Nil if numerator or denominator has more bits than a Double holds exactly.
    var double: Double? {
        guard let top = Int(exactly: numerator), let bottom = Int(exactly: denominator), top.magnitude <= 1 << 53,
            bottom <= 1 << 53
        else { return nil }
        return Double(top) / Double(bottom)
    }

    package static func + (a: Rational, b: Rational) -> Rational? {
        Rational(a.numerator * b.denominator + b.numerator * a.denominator, over: a.denominator * b.denominator)
    }

    static func * (a: Rational, b: Rational) -> Rational? {
        Rational(a.numerator * b.numerator, over: a.denominator * b.denominator)
    }

    static prefix func - (value: Rational) -> Rational? { Rational(-value.numerator, over: value.denominator) }

    /// Nil for zero.
    package var reciprocal: Rational? { Rational(denominator, over: numerator) }

    /// Nil for a negative power of zero and for zero to the power of zero.
    package func power(_ exponent: Int) -> Rational? {
        if isZero { return exponent > 0 ? .zero : nil }
        let size = max(numerator.magnitude.bitWidth, denominator.magnitude.bitWidth)
        let count = exponent.magnitude
        // Powers of ±1 are as small as their base, so the exponent alone decides.
        if size == 1 { return count.isMultiple(of: 2) ? .one : self }
        guard count <= UInt(Self.bitLimit), (size - 1) * Int(count) <= Self.bitLimit else { return nil }
        let power = Rational(numerator.power(Int(count)), over: denominator.power(Int(count)))
        return exponent < 0 ? power?.reciprocal : power
    }

    /// The n-th root if it is a fraction too: the square root of 4/9 is 2/3.
    ///
    /// Nil if it is irrational, and for an even root of a negative number.
    package func root(_ degree: Int) -> Rational? {
        guard degree > 0, degree <= Self.bitLimit, !(isNegative && degree.isMultiple(of: 2)) else { return nil }
        guard let top = Self.root(of: BigInt(numerator.magnitude), degree),
            let bottom = Self.root(of: denominator, degree)
        else { return nil }
        return Rational(isNegative ? -top : top, over: bottom)
    }

    private static func root(of value: BigInt, _ degree: Int) -> BigInt? {
        var result: BigInt = 0
        // Bit by bit from the highest that a root can have.
        for bit in (0...(value.magnitude.bitWidth / degree)).reversed() {
            let larger = result + BigInt(1) << bit
            let power = larger.power(degree)
            if power == value { return larger }
            if power < value { result = larger }
        }
        return value.isZero ? 0 : nil
    }
}

extension BigInt {
    /// The value of ASCII digits; other bytes are skipped, and no digits are 0.
    init(digits: some Collection<UInt8>) {
        if digits.count <= 18 {
            self.init(digits.reduce(0) { $1.isDigit ? $0 * 10 + Int($1 - UInt8(ascii: "0")) : $0 })
        } else {
            self = BigInt(String(decoding: digits.filter(\.isDigit), as: UTF8.self)) ?? 0
        }
    }
}
