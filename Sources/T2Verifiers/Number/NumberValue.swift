import BigInt

/// An exact number: a decimal of any length, or a fraction.
///
/// A decimal is ± digits × 10^exponent without leading or trailing zeros among the digits, so that it has only one
/// form and two decimals compare in linear time. Fractions compare by cross multiplication, so their parts have a
/// limited length.
enum NumberValue: Equatable {
    case decimal(isNegative: Bool, digits: [UInt8], exponent: Int)
    case fraction(numerator: BigInt, denominator: BigInt)

    /// The largest number of digits of a numerator or denominator, its power of ten written out.
    static let fractionDigits = 1024

    /// The value of the ASCII digits before and after the point; other bytes are skipped.
    init(whole: ArraySlice<UInt8>, fraction: ArraySlice<UInt8> = []) {
        let decimals = fraction.filter(\.isDigit)
        let digits = (whole.filter(\.isDigit) + decimals).drop { $0 == UInt8(ascii: "0") }
        let zeros = digits.reversed().prefix { $0 == UInt8(ascii: "0") }.count
        self = .decimal(
            isNegative: false, digits: Array(digits.dropLast(zeros)),
            exponent: digits.isEmpty ? 0 : zeros - decimals.count)
    }

    /// Nil if the denominator is zero or a part is too long.
    init?(_ numerator: NumberValue, over denominator: NumberValue) {
        guard let top = numerator.ratio, let bottom = denominator.ratio, !bottom.numerator.isZero else { return nil }
        self = .fraction(
            numerator: top.numerator * bottom.denominator, denominator: top.denominator * bottom.numerator)
    }

    /// The sum of the whole and the fraction of a mixed number; nil if a part is too long.
    init?(_ whole: NumberValue, and fraction: NumberValue) {
        guard let whole = whole.ratio, let fraction = fraction.ratio else { return nil }
        self = .fraction(
            numerator: whole.numerator * fraction.denominator + fraction.numerator * whole.denominator,
            denominator: whole.denominator * fraction.denominator)
    }

    var negated: NumberValue {
        switch self {
        case .decimal(let isNegative, let digits, let exponent):
            .decimal(isNegative: !isNegative && !digits.isEmpty, digits: digits, exponent: exponent)
        case .fraction(let numerator, let denominator): .fraction(numerator: -numerator, denominator: denominator)
        }
    }

    func scaled(byPowerOfTen power: Int) -> NumberValue {
        switch self {
        case .decimal(let isNegative, let digits, let exponent):
            .decimal(isNegative: isNegative, digits: digits, exponent: digits.isEmpty ? 0 : exponent + power)
        case .fraction(let numerator, let denominator):
            .fraction(numerator: numerator * BigInt(10).power(power), denominator: denominator)
        }
    }

    static func == (a: NumberValue, b: NumberValue) -> Bool {
        if case .decimal(let signA, let digitsA, let exponentA) = a,
            case .decimal(let signB, let digitsB, let exponentB) = b
        {
            return signA == signB && exponentA == exponentB && digitsA == digitsB
        }
        // A decimal that is too long for a ratio cannot equal a fraction with short parts.
        guard let first = a.ratio, let second = b.ratio else { return false }
        return first.numerator * second.denominator == second.numerator * first.denominator
    }

    private var ratio: (numerator: BigInt, denominator: BigInt)? {
        switch self {
        case .fraction(let numerator, let denominator): return (numerator, denominator)
        case .decimal(let isNegative, let digits, let exponent):
            guard digits.count <= Self.fractionDigits, exponent.magnitude <= UInt(Self.fractionDigits) else {
                return nil
            }
            let value = BigInt(digits: digits)
            let signed = isNegative ? -value : value
            if exponent == 0 { return (signed, 1) }
            let scale = BigInt(10).power(Int(exponent.magnitude))
            return exponent < 0 ? (signed, scale) : (signed * scale, 1)
        }
    }
}
