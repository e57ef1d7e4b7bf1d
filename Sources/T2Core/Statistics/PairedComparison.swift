import Foundation

/// A comparison of two systems by the problems that only one of them solves.
///
/// The difference is the second system's accuracy minus the first's: (b − c) / n, where b problems are right under the
/// second alone and c under the first alone. Problems with equal outcomes do not show which system is better, so a
/// paired comparison finds differences that two overlapping accuracy intervals hide.
package struct PairedComparison: Sendable, Equatable {
    package let bothRight: Int
    package let onlyFirst: Int
    package let onlySecond: Int
    package let bothWrong: Int
    /// Problems in no other count, because the reward of one system or of both is missing.
    package let excluded: Int
    /// The number of problems judged under both systems.
    package let count: Int
    /// (b − c) / n, in −1…1; 0 without problems.
    package let difference: Double
    /// The bounds of the difference's 95 % confidence interval.
    package let lower: Double
    package let upper: Double
    /// The p-value of the hypothesis that a problem with unequal outcomes favours either system with probability 1/2.
    package let pValue: Double

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
        count = bothRight + onlyFirst + onlySecond + bothWrong
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
    /// - Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    ///   percentages", Psychometrika 12 (1947); the binomial form: A. Agresti, "Categorical Data Analysis", § 11.1.
    private static func exactMcNemar(_ onlyFirst: Int, _ onlySecond: Int) -> Double {
        let count = onlyFirst + onlySecond
        // Logarithms, because 2⁻ⁿ underflows past n = 1074.
        var logTerm = -Double(count) * log(2)
        var tail = exp(logTerm)
        for k in 0..<min(onlyFirst, onlySecond) {
            logTerm += log(Double(count - k) / Double(k + 1))
            tail += exp(logTerm)
        }
        return min(1, 2 * tail)
    }
}

/// Tango's score statistic of a paired difference δ: by how many standard errors the counts exceed δ's expectation.
///
/// T(δ) = (b − c − nδ) / √(n (2q + δ(1 − δ))), with q, the probability that only the first is right, at its maximum
/// likelihood under δ: 2n q² + (δ(2n − b + c) − b − c) q − cδ(1 − δ) = 0. The interval holds all δ with |T| ≤ 1.96; it
/// stays inside −1…1 and is sound for small counts and for zeros. T(0) is the statistic of McNemar's asymptotic test.
/// - Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
///   paired-sample design", Statistics in Medicine 17 (1998) 891–908.
private struct TangoScore {
    /// b: problems right under the second system alone.
    let gained: Double
    /// c: problems right under the first system alone.
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

    /// The δ with T(δ) = target, or the end of the range nearest to it. T falls as δ rises.
    func root(of target: Double, in range: ClosedRange<Double>) -> Double {
        var (low, high) = (range.lowerBound, range.upperBound)
        // Each step halves the range; after 60 it is below the precision of a double.
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if self(middle) > target { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

extension PairedComparison: Codable {
    /// Reads the counts alone; all other values follow from them.
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
}
