/// An exact fraction in lowest terms.
///
/// Invariant: the denominator is positive and shares no factor with the numerator; both have at most `bitLimit` bits.
/// What would not fit, or has no value, is nil: the cost of a step stays bounded.
struct Rational: Hashable {
    static let bitLimit = 1024
    static let zero = Rational(0)
    static let one = Rational(1)

    let numerator: BigInteger
    let denominator: BigInteger

    init(_ value: Int) {
        numerator = BigInteger(value)
        denominator = .one
    }

    init?(_ numerator: BigInteger, over denominator: BigInteger = .one) {
        // Twice the limit, because the common factor of a sum or product goes only now.
        guard !denominator.isZero, numerator.bitWidth <= 2 * Self.bitLimit + 1,
            denominator.bitWidth <= 2 * Self.bitLimit
        else { return nil }
        let divisor = BigInteger.greatestCommonDivisor(numerator, denominator)
        guard let top = numerator.dividedMagnitude(by: divisor)?.quotient,
            let bottom = denominator.dividedMagnitude(by: divisor)?.quotient,
            top.bitWidth <= Self.bitLimit, bottom.bitWidth <= Self.bitLimit
        else { return nil }
        self.numerator = numerator.isNegative == denominator.isNegative ? top : -top
        self.denominator = bottom
    }

    /// A decimal such as `12.50`, ASCII digits with at most one point.
    init?(decimal: some Collection<UInt8>) {
        // A digit takes more than three bits.
        guard decimal.count <= Self.bitLimit / 3 else { return nil }
        let fraction = decimal.drop { $0 != UInt8(ascii: ".") }.dropFirst()
        self.init(BigInteger(digits: decimal), over: BigInteger(10).power(fraction.count))
    }

    var isInteger: Bool { denominator == .one }
    var isNegative: Bool { numerator.isNegative }
    var isZero: Bool { numerator.isZero }
    /// Nil if it is no integer or does not fit.
    var int: Int? { isInteger ? numerator.int : nil }

    /// Nil if numerator or denominator has more bits than a Double holds: such a value would not be itself.
    var double: Double? {
        guard let top = numerator.int, let bottom = denominator.int, top.magnitude <= 1 << 53, bottom <= 1 << 53 else {
            return nil
        }
        return Double(top) / Double(bottom)
    }

    static func + (a: Rational, b: Rational) -> Rational? {
        Rational(a.numerator * b.denominator + b.numerator * a.denominator, over: a.denominator * b.denominator)
    }

    static func * (a: Rational, b: Rational) -> Rational? {
        Rational(a.numerator * b.numerator, over: a.denominator * b.denominator)
    }

    /// Nil for zero.
    var reciprocal: Rational? { Rational(denominator, over: numerator) }

    static prefix func - (value: Rational) -> Rational? { Rational(-value.numerator, over: value.denominator) }

    /// Nil for a negative power of zero and for zero to the zero.
    func power(_ exponent: Int) -> Rational? {
        if isZero { return exponent > 0 ? .zero : nil }
        let size = max(numerator.bitWidth, denominator.bitWidth)
        let count = exponent.magnitude
        // Powers of ±1 are as small as their base, so the exponent alone decides.
        if size == 1 { return count.isMultiple(of: 2) ? .one : self }
        guard count <= UInt(Self.bitLimit), (size - 1) * Int(count) <= Self.bitLimit else { return nil }
        let power = Rational(numerator.power(Int(count)), over: denominator.power(Int(count)))
        return exponent < 0 ? power?.reciprocal : power
    }

    /// The n-th root if it is a fraction too: of 4/9, n = 2, it is 2/3. Nil otherwise, and for an even root of a
    /// negative number.
    func root(_ degree: Int) -> Rational? {
        guard degree > 0, degree <= Self.bitLimit, !(isNegative && degree.isMultiple(of: 2)) else { return nil }
        guard let top = Self.root(of: numerator.magnitude, degree), let bottom = Self.root(of: denominator, degree)
        else {
            return nil
        }
        return Rational(isNegative ? -top : top, over: bottom)
    }

    private static func root(of value: BigInteger, _ degree: Int) -> BigInteger? {
        var result = BigInteger.zero
        // Bit by bit from the highest that a root can have.
        for bit in (0...(value.bitWidth / degree)).reversed() {
            let larger = result + BigInteger(2).power(bit)
            let power = larger.power(degree)
            if power == value { return larger }
            if power < value { result = larger }
        }
        return value.isZero ? .zero : nil
    }
}
