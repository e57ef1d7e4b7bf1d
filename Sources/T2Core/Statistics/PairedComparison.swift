import Foundation

/// Two systems over the same problems: how often one was right where the other was not, and what that says.
///
/// The difference is the second system's accuracy less the first's: (b − c) / n, b problems being right under the second alone
/// and c under the first alone. Problems that both answer alike say nothing about which is better, which is why a paired
/// comparison finds differences that two overlapping intervals of accuracy hide.
package struct PairedComparison: Sendable, Equatable {
    package let bothRight: Int
    package let onlyFirst: Int
    package let onlySecond: Int
    package let bothWrong: Int
    /// Problems in no other count, because the reward of one system or of both is missing.
    package let excluded: Int
    /// (b − c) / n, in −1…1; 0 of no problems.
    package let difference: Double
    /// The 95 % interval of the difference.
    package let lower: Double
    package let upper: Double
    /// Of the hypothesis that each problem which separates the two is as likely to favour either.
    package let pValue: Double

    /// Problems that both systems were judged on.
    package var count: Int { bothRight + onlyFirst + onlySecond + bothWrong }
    package var first: AccuracyInterval { AccuracyInterval(correct: bothRight + onlyFirst, count: count) }
    package var second: AccuracyInterval { AccuracyInterval(correct: bothRight + onlySecond, count: count) }

    /// - Accuracy: interval within 1e-9 of the exact roots, p-value within 1e-9 of itself.
    /// - Cost: O(min(b, c)).
    package init(bothRight: Int, onlyFirst: Int, onlySecond: Int, bothWrong: Int, excluded: Int = 0) {
        precondition([bothRight, onlyFirst, onlySecond, bothWrong, excluded].allSatisfy { $0 >= 0 })
        self.bothRight = bothRight
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
        self.bothWrong = bothWrong
        self.excluded = excluded
        pValue = Self.exactMcNemar(onlyFirst, onlySecond)
        let count = bothRight + onlyFirst + onlySecond + bothWrong
        guard count > 0 else {
            (difference, lower, upper) = (0, -1, 1)
            return
        }
        let score = TangoScore(gained: Double(onlySecond), lost: Double(onlyFirst), count: Double(count))
        difference = Double(onlySecond - onlyFirst) / Double(count)
        lower = min(score.root(of: 1.959963984540054, in: -1...difference), difference)
        upper = max(score.root(of: -1.959963984540054, in: difference...1), difference)
    }

    /// McNemar's exact test, two-sided: min(1, 2 P(X ≤ min(b, c))) for X ~ Binomial(b + c, 1/2).
    ///
    /// - Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    ///   Psychometrika 12 (1947); the binomial form: A. Agresti, "Categorical Data Analysis", section 11.1.
    private static func exactMcNemar(_ onlyFirst: Int, _ onlySecond: Int) -> Double {
        let count = onlyFirst + onlySecond
        // Logarithms, since 2⁻ⁿ is no double past n = 1074.
        var logTerm = -Double(count) * log(2)
        var tail = exp(logTerm)
        for k in 0..<min(onlyFirst, onlySecond) {
            logTerm += log(Double(count - k) / Double(k + 1))
            tail += exp(logTerm)
        }
        return min(1, 2 * tail)
    }
}

/// Tango's score statistic of a paired difference δ: how many standard errors the counts lie above what δ leads to expect.
///
/// T(δ) = (b − c − nδ) / √(n (2q + δ(1 − δ))), with q, the probability that only the first is right, at its maximum likelihood
/// under δ: 2n q² + (δ(2n − b + c) − b − c) q − cδ(1 − δ) = 0. The interval is where |T| ≤ 1.96; it stays inside −1…1 and is
/// sound for small counts and for none. At δ = 0 it is McNemar's asymptotic test.
/// - Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
///   design", Statistics in Medicine 17 (1998) 891–908.
private struct TangoScore {
    /// b: right under the second alone.
    let gained: Double
    /// c: right under the first alone.
    let lost: Double
    let count: Double

    func callAsFunction(_ delta: Double) -> Double {
        let linear = delta * (2 * count - gained + lost) - gained - lost
        let discriminant = linear * linear + 8 * count * lost * delta * (1 - delta)
        let q = (max(0, discriminant).squareRoot() - linear) / (4 * count)
        let variance = count * (2 * q + delta * (1 - delta))
        let excess = gained - lost - count * delta
        guard variance > 0 else { return excess == 0 ? 0 : excess.sign == .minus ? -.infinity : .infinity }
        return excess / variance.squareRoot()
    }

    /// The δ with T(δ) = target, or the end of the range that lies towards it. T falls as δ rises.
    func root(of target: Double, in range: ClosedRange<Double>) -> Double {
        var (low, high) = (range.lowerBound, range.upperBound)
        // Each step halves the range; 60 leave less than a double can tell apart.
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if self(middle) > target { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

extension PairedComparison: Codable {
    private enum CodingKeys: CodingKey {
        case bothRight, onlyFirst, onlySecond, bothWrong, excluded, count, difference, lower, upper, pValue
    }

    /// The counts alone are read: all else follows from them.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int {
            let count = try values.decode(Int.self, forKey: key)
            guard (0...Int(UInt32.max)).contains(count) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: values, debugDescription: "it is \(count), expected a number of problems")
            }
            return count
        }
        self.init(
            bothRight: try count(.bothRight), onlyFirst: try count(.onlyFirst), onlySecond: try count(.onlySecond),
            bothWrong: try count(.bothWrong), excluded: try count(.excluded))
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(bothRight, forKey: .bothRight)
        try values.encode(onlyFirst, forKey: .onlyFirst)
        try values.encode(onlySecond, forKey: .onlySecond)
        try values.encode(bothWrong, forKey: .bothWrong)
        try values.encode(excluded, forKey: .excluded)
        try values.encode(count, forKey: .count)
        try values.encode(difference, forKey: .difference)
        try values.encode(lower, forKey: .lower)
        try values.encode(upper, forKey: .upper)
        try values.encode(pValue, forKey: .pValue)
    }
}
