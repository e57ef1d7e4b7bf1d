import T2Core

/// The cross-entropy method over mixing coefficients, and random search as its control. Pure: candidates follow from the seed and
/// the scores so far, whoever computes those.
///
/// An iteration: `candidates()` are evaluated, `undecided(_:)` says whose likelihood decides a tie, `update(_:)` takes the scores.
/// - Source: arXiv 2501.06252, section 3.3; Rubinstein, Kroese, "The Cross-Entropy Method", 2004.
package struct CrossEntropyMethod: Sendable, Equatable {
    package enum Proposal: String, Sendable, Codable {
        /// Normal around the mean of the last elites, with their standard deviation.
        case crossEntropy = "cem"
        /// Uniform over [0, 1]: what the cross-entropy method must beat.
        case random
    }

    package struct Settings: Sendable, Equatable {
        package var proposal = Proposal.crossEntropy
        /// Candidates of an iteration, the incumbent among them.
        package var population = 32
        /// Share of the population that the next mean and deviation are taken from.
        package var eliteRatio = 0.2
        package var seed: UInt64 = 0

        package init() {}

        /// At least two: one would leave no deviation to draw the next candidates with.
        package var eliteCount: Int { max(2, Int((Double(population) * eliteRatio).rounded())) }
    }

    package struct Best: Sendable, Equatable {
        package let alpha: [Double]
        package let score: CoefficientScore
        /// Counted from 0.
        package let iteration: Int
    }

    /// Every coefficient stays inside.
    package static let range = 0.0...1.0
    /// Of the first iteration: wide enough to propose single experts, by the clamping to the range.
    private static let firstDeviation = 0.5

    /// A deviation below which candidates are as good as equal.
    private static let convergedDeviation = 0.002

    package let settings: Settings
    package private(set) var iteration = 0
    package private(set) var mean: [Double]
    package private(set) var deviation: [Double]
    package private(set) var best: Best?

    /// - Parameter start: the first mean, and the first candidate.
    /// - Throws: `LearningError.configuration` naming the key that is out of range.
    package init(start: [Double], settings: Settings) throws(LearningError) {
        guard settings.population >= 2 else {
            throw .configuration(
                keys: "population", problem: "is \(settings.population), expected 2 or more", remedy: "Published: 32.")
        }
        guard settings.eliteRatio > 0, settings.eliteRatio <= 1 else {
            throw .configuration(
                keys: "elite-ratio", problem: "is \(settings.eliteRatio), expected a number above 0 and at most 1",
                remedy: "Published: 0.2.")
        }
        for (index, value) in start.enumerated() where !Self.range.contains(value) {
            throw .configuration(
                keys: "alpha", problem: "value \(index + 1) is \(value), expected a number from 0 to 1",
                remedy: "Start with equal shares.")
        }
        self.settings = settings
        mean = start
        deviation = start.map { _ in Self.firstDeviation }
    }

    /// Whether further candidates would hardly differ from one another.
    package var hasConverged: Bool { deviation.allSatisfy { $0 < Self.convergedDeviation } }

    /// The candidates of this iteration; the first is the incumbent, the best so far.
    ///
    /// - Shapes: [population][coefficients].
    package func candidates() -> [[Double]] {
        [best?.alpha ?? mean]
            + (1..<settings.population).map { place in
                var random = SeededRandom(seed: settings.seed, step: iteration, problem: place)
                return mean.indices.map { index in
                    switch settings.proposal {
                    case .crossEntropy:
                        min(1, max(0, mean[index] + deviation[index] * random.nextNormal()))
                    case .random: random.nextUniform()
                    }
                }
            }
    }

    /// Candidates whose order matters and is not decided by their right answers: those tied for the first place, and those
    /// tied across the elites' border.
    ///
    /// - Parameter right: of every candidate, in their order.
    package func undecided(_ right: [Int]) -> [Int] {
        let sorted = right.sorted(by: >)
        var values: Set<Int> = []
        if sorted.count > 1 && sorted[0] == sorted[1] { values.insert(sorted[0]) }
        let elites = settings.eliteCount
        if settings.proposal == .crossEntropy && elites < sorted.count && sorted[elites - 1] == sorted[elites] {
            values.insert(sorted[elites])
        }
        return right.indices.filter { values.contains(right[$0]) }
    }

    /// Takes the scores of this iteration's candidates, in their order, and goes on to the next.
    ///
    /// - Returns: whether a candidate was better than the best so far.
    @discardableResult
    package mutating func update(_ scores: [CoefficientScore]) -> Bool {
        precondition(scores.count == settings.population)
        let proposed = candidates()
        // Earlier candidates win ties, so that the order of evaluation never matters.
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        let isBetter = order[0] != 0 || best == nil
        best = Best(
            alpha: proposed[order[0]], score: scores[order[0]], iteration: isBetter ? iteration : best!.iteration)
        if settings.proposal == .crossEntropy {
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
