import T2Core
import T2Learning

/// A line of `metrics.jsonl` with `"kind": "evaluation"`: greedy answers on the validation split.
package struct EvaluationMetrics: Sendable, Equatable, Codable {
    package var kind = MetricsRecord.Kind.evaluation
    /// Updates behind the z evaluated; 0 is the start.
    package var step: Int
    package var problems: Int
    package var correct: Int
    /// correct / problems, with Wilson's 95 % interval.
    package var accuracy: Double
    package var lower: Double
    package var upper: Double
    package var noAnswerShare: Double
    package var completionTokensMean: Double
    /// The best evaluation so far.
    package var isBest: Bool
    /// Of the best evaluation so far.
    package var bestStep: Int
    package var bestAccuracy: Double
}

extension EvaluationMetrics {
    init(_ sums: UnitSummary, _ interval: AccuracyInterval, step: Int, isBest: Bool, best: Evaluation) {
        let sequences = Double(max(1, sums.sequences))
        self.step = step
        problems = interval.count
        correct = interval.correct
        accuracy = interval.accuracy
        lower = interval.lower
        upper = interval.upper
        noAnswerShare = Double(sums.withoutAnswer) / sequences
        completionTokensMean = Double(sums.statistics.completionTokens) / sequences
        self.isBest = isBest
        bestStep = best.step
        bestAccuracy = best.accuracy
    }
}
