import T2Core

/// The cross-entropy method over mixing coefficients, and random search as its control. It is pure: candidates follow
/// from the seed and the scores so far.
///
/// In an iteration, the `candidates()` are evaluated, `undecided(_:)` names those whose likelihood decides a tie, and
/// `update(_:)` takes the scores. The settings' method tells how candidates are drawn: `cem` draws from a normal
/// distribution with the mean and the standard deviation of the last elites, `random` uniformly from [0, 1].
/// - Source: arXiv 2501.06252, section 3.3; Rubinstein, Kroese, "The Cross-Entropy Method", 2004.
package struct CrossEntropyMethod: Sendable {
    /// The range of every coefficient.
    static let range = 0.0...1.0
    /// The deviation of the first iteration: wide enough to propose single experts, by the clamping to the range.
    private static let firstDeviation = 0.5
    /// The deviation below which candidates hardly differ.
    private static let convergedDeviation = 0.002

    private let settings: FewShotSearch.Settings
    private(set) var iteration = 0
    package private(set) var mean: [Double]
    private(set) var deviation: [Double]
    package private(set) var best: (alpha: [Double], score: CoefficientScore)?

    /// - Parameter start: the first mean, and the first candidate.
    /// - Throws: `LearningError.configuration` naming the key that is out of range.
    package init(start: [Double], settings: FewShotSearch.Settings) throws(LearningError) {
        try LearningError.require(
            settings.population >= 2, "population", settings.population, "2 or more", remedy: "Published: 32.")
        try LearningError.require(
            settings.eliteRatio > 0 && settings.eliteRatio <= 1, "elite-ratio", settings.eliteRatio,
            "a number above 0 and at most 1", remedy: "Published: 0.2.")
        for (index, value) in start.enumerated() where !Self.range.contains(value) {
            throw .configuration(
                keys: "alpha", problem: "value \(index + 1) is \(value), expected a number from 0 to 1",
                remedy: "Start with equal shares.")
        }
        self.settings = settings
        mean = start
        deviation = start.map { _ in Self.firstDeviation }
    }

    package var hasConverged: Bool { deviation.allSatisfy { $0 < Self.convergedDeviation } }

    /// The candidates of this iteration; the first is the incumbent, the best so far.
    ///
    /// - Shapes: [population][coefficients].
    package func candidates() -> [[Double]] {
        [best?.alpha ?? mean]
            + (1..<settings.population).map { candidate in
                var random = SeededRandom(seed: settings.seed, .candidate(iteration: iteration, index: candidate))
                return mean.indices.map { index in
                    settings.method == .random
                        ? random.nextUniform() : min(1, max(0, mean[index] + deviation[index] * random.nextNormal()))
                }
            }
    }

    /// The candidates whose order matters and is not decided by their right answers: those tied for the first rank, and
    /// those tied across the elites' border.
    ///
    /// - Parameter right: the number of right answers of each candidate.
    package func undecided(_ right: [Int]) -> [Int] {
        let sorted = right.sorted(by: >)
        var values: Set<Int> = []
        if sorted.count > 1 && sorted[0] == sorted[1] { values.insert(sorted[0]) }
        let elites = settings.eliteCount
        if settings.method == .cem && elites < sorted.count && sorted[elites - 1] == sorted[elites] {
            values.insert(sorted[elites])
        }
        return right.indices.filter { values.contains(right[$0]) }
    }

    /// Takes the scores of this iteration's candidates, in their order, and moves to the next iteration.
    ///
    /// - Returns: whether a candidate was better than the best so far.
    @discardableResult
    package mutating func update(_ scores: [CoefficientScore]) -> Bool {
        precondition(scores.count == settings.population)
        let proposed = candidates()
        // Earlier candidates win ties, so that the order of evaluation never matters.
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        let isBetter = order[0] != 0 || best == nil
        best = (proposed[order[0]], scores[order[0]])
        if settings.method == .cem {
            let elites = order.prefix(settings.eliteCount).sorted().map { proposed[$0] }
            let count = Double(elites.count)
            for index in mean.indices {
                let average = elites.reduce(0) { $0 + $1[index] } / count
                mean[index] = average
                deviation[index] =
                    (elites.reduce(0) { $0 + ($1[index] - average) * ($1[index] - average) } / count).squareRoot()
            }
        }
        iteration += 1
        return isBetter
    }
}
