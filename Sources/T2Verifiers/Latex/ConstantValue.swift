import BigInt
import Foundation

/// The number that an expression without variables stands for.
///
/// Exact values compare exactly. The value of a root, π, e or a transcendental function is a Double; two of these are
/// equal within a relative 1e-9, and an exact value with more than 53 bits cannot be compared with them. An operation
/// is nil if it has no finite real value or its exact value has more than `Rational.bitLimit` bits.
enum ConstantValue: Equatable {
    // Indirect for the sake of the stack, like `LatexExpression.Kind.number`.
    indirect case exact(Rational)
    case approximate(Double)

    var double: Double? {
        switch self {
        case .exact(let value): value.double
        case .approximate(let value): value
        }
    }

    var exact: Rational? {
        if case .exact(let value) = self { value } else { nil }
    }

    static func == (a: ConstantValue, b: ConstantValue) -> Bool {
        if case .exact(let first) = a, case .exact(let second) = b { return first == second }
        guard let first = a.double, let second = b.double else { return false }
        return abs(first - second) <= 1e-9 * max(abs(first), abs(second))
    }

    static func + (a: ConstantValue, b: ConstantValue) -> ConstantValue? { combine(a, b, exact: +, approximate: +) }
    static func * (a: ConstantValue, b: ConstantValue) -> ConstantValue? { combine(a, b, exact: *, approximate: *) }

    private static func combine(
        _ a: ConstantValue, _ b: ConstantValue, exact: (Rational, Rational) -> Rational?,
        approximate: (Double, Double) -> Double
    ) -> ConstantValue? {
        if let first = a.exact, let second = b.exact { return exact(first, second).map { .exact($0) } }
        guard let first = a.double, let second = b.double else { return nil }
        return finite(approximate(first, second))
    }

    func power(_ exponent: ConstantValue) -> ConstantValue? {
        guard let base = exact, let ratio = exponent.exact else {
            guard let base = double, let exponent = exponent.double, base > 0 else { return nil }
            return Self.finite(pow(base, exponent))
        }
        guard let degree = Int(exactly: ratio.denominator), let count = Int(exactly: ratio.numerator) else {
            return nil
        }
        if degree == 1 { return base.power(count).map { .exact($0) } }
        if let root = base.root(degree) { return root.power(count).map { .exact($0) } }
        guard let value = base.double, let exponent = ratio.double else { return nil }
        if value > 0 { return Self.finite(pow(value, exponent)) }
        // The real root of a negative number, which exists for odd degrees.
        guard value < 0, !degree.isMultiple(of: 2) else { return nil }
        let magnitude = pow(-value, exponent)
        return Self.finite(count.isMultiple(of: 2) ? magnitude : -magnitude)
    }

    /// The value of a function by its LaTeX name; nil if it is unknown, or ambiguous like a logarithm without a base.
    static func function(_ name: String, _ arguments: [ConstantValue]) -> ConstantValue? {
        guard let first = arguments.first else { return nil }
        if let value = first.exact, let result = exactFunction(name, value, arguments.dropFirst().first?.exact) {
            return .exact(result)
        }
        guard let x = first.double else { return nil }
        if arguments.count == 1 { return functions[name].flatMap { finite($0(x)) } }
        // The base comes first.
        guard name == "log", arguments.count == 2, let power = arguments[1].double else { return nil }
        return finite(log(power) / log(x))
    }

    private static let functions: [String: @Sendable (Double) -> Double] = [
        "sin": sin, "cos": cos, "tan": tan, "cot": { 1 / tan($0) }, "sec": { 1 / cos($0) }, "csc": { 1 / sin($0) },
        "arcsin": asin, "arccos": acos, "arctan": atan, "exp": exp, "ln": log, "lg": log10, "abs": abs,
    ]

    private static func exactFunction(_ name: String, _ value: Rational, _ second: Rational?) -> Rational? {
        switch (name, second) {
        case ("abs", nil): value.isNegative ? -value : value
        case ("floor", nil): rounded(value, up: false)
        case ("ceil", nil): rounded(value, up: true)
        case ("factorial", nil): value.int.flatMap { factorial($0) }
        case ("binom", let second?): value.int.flatMap { n in second.int.flatMap { k in binomial(n, k) } }
        default: nil
        }
    }

    private static func factorial(_ n: Int) -> Rational? {
        // 170! has 1018 bits; 171! exceeds the limit.
        guard (0...170).contains(n) else { return nil }
        return Rational((0..<n).reduce(BigInt(1)) { $0 * BigInt($1 + 1) })
    }

    private static func binomial(_ n: Int, _ k: Int) -> Rational? {
        guard n >= 0, (0...n).contains(k), min(k, n - k) <= Rational.bitLimit else { return nil }
        var result = Rational.one
        for index in 0..<min(k, n - k) {
            let product = Rational(result.numerator * BigInt(n - index), over: BigInt(index + 1))
            guard let product else { return nil }
            result = product
        }
        return result
    }

    private static func finite(_ value: Double) -> ConstantValue? { value.isFinite ? .approximate(value) : nil }

    /// The nearest integer that is not below the value, or not above it.
    private static func rounded(_ value: Rational, up: Bool) -> Rational? {
        let (quotient, remainder) = value.numerator.quotientAndRemainder(dividingBy: value.denominator)
        // Division rounds towards zero; the other direction is one further if there is a remainder.
        let isFurther = !remainder.isZero && value.isNegative != up
        return Rational(isFurther ? quotient + (up ? 1 : -1) : quotient)
    }
}
