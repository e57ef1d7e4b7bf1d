/// The share of right answers with its 95 % confidence interval.
///
/// - Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
package struct AccuracyInterval: Sendable, Equatable, Codable {
    package let correct: Int
    package let count: Int
    /// correct / count, in 0…1; 0 without problems.
    package let accuracy: Double
    package let lower: Double
    package let upper: Double

    /// Wilson's score interval: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964.
    package init(correct: Int, count: Int) {
        precondition(correct >= 0 && correct <= count)
        self.correct = correct
        self.count = count
        guard count > 0 else {
            (accuracy, lower, upper) = (0, 0, 1)
            return
        }
        let z = 1.959963984540054
        let n = Double(count)
        let p = Double(correct) / n
        let center = p + z * z / (2 * n)
        let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        accuracy = p
        lower = max(0, (center - half) / (1 + z * z / n))
        upper = min(1, (center + half) / (1 + z * z / n))
    }
}
