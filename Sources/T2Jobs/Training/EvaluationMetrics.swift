import T2Core
import T2Learning

/// The metrics of greedy answers on the validation split: a row of `evaluations` and a line of `metrics.jsonl`.
package struct EvaluationMetrics: Sendable, Equatable, Codable {
    /// The number of updates before the evaluation; 0 is the start.
    package let step: Int
    package let problems: Int
    package let correct: Int
    /// correct / problems; `lower` and `upper` are its Wilson 95 % interval.
    package let accuracy: Double
    package let lower: Double
    package let upper: Double
    package let noAnswerShare: Double
    package let completionTokensMean: Double
    /// Whether this is the best evaluation so far.
    package let isBest: Bool
    /// The step of the best evaluation so far.
    package let bestStep: Int
    package let bestAccuracy: Double

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
