import T2Core
import T2Learning

/// The metrics of greedy answers on the validation split: a row of `evaluations` and a line of `metrics.jsonl`.
package struct EvaluationMetrics: Sendable, Equatable, Codable {
    /// The number of updates before the evaluation; 0 is the start.
    package var step: Int
    package var problems: Int
    package var correct: Int
    /// correct / problems; `lower` and `upper` are its Wilson 95 % interval.
    package var accuracy: Double
    package var lower: Double
    package var upper: Double
    package var noAnswerShare: Double
    package var completionTokensMean: Double
    /// Whether this is the best evaluation so far.
    package var isBest: Bool
    /// The step of the best evaluation so far.
    package var bestStep: Int
    package var bestAccuracy: Double

    package init(
        step: Int, problems: Int, correct: Int, accuracy: Double, lower: Double, upper: Double, noAnswerShare: Double,
        completionTokensMean: Double, isBest: Bool, bestStep: Int, bestAccuracy: Double
    ) {
        self.step = step
        self.problems = problems
        self.correct = correct
        self.accuracy = accuracy
        self.lower = lower
        self.upper = upper
        self.noAnswerShare = noAnswerShare
        self.completionTokensMean = completionTokensMean
        self.isBest = isBest
        self.bestStep = bestStep
        self.bestAccuracy = bestAccuracy
    }
}

extension EvaluationMetrics {
    init(_ sums: UnitSummary, _ interval: AccuracyInterval, step: Int, isBest: Bool, best: ValidationAccuracy) {
        let sequences = Double(max(1, sums.sequences))
        self.step = step
        problems = interval.count
        correct = interval.correct
        accuracy = interval.accuracy
        lower = interval.lower
        upper = interval.upper
        noAnswerShare = Double(sums.noAnswer + sums.cutOff) / sequences
        completionTokensMean = Double(sums.statistics.completionTokens) / sequences
        self.isBest = isBest
        bestStep = best.step
        bestAccuracy = best.accuracy
    }
}
