import Foundation
import T2Core
import T2Jobs

/// The lines that a run prints to standard output and appends to `train.log`.
package enum RunConsole {
    /// `step  12/30  reward +0.125  accuracy  56.2 %  KL 0.0012  gradient 3.21e+00  tokens/s   4312    1.9 s  ETA  0:35`
    package static func line(_ metrics: StepMetrics, steps: Int, remainingSeconds: Double) -> String {
        let width = String(steps).count
        return "step \(padded(String(metrics.step), width))/\(steps)"
            + String(format: "  reward %+.3f", metrics.rewardMean)
            + String(format: "  accuracy %5.1f %%", 100 * metrics.accuracy)
            + unanswered(metrics)
            + (metrics.kl.map { String(format: "  KL %.4f", abs($0) < 5e-5 ? 0 : $0) } ?? "  KL      –")
            + String(format: "  gradient %.2e", metrics.gradientNorm)
            + String(format: "  tokens/s %6.0f", metrics.tokensPerSecond)
            + String(format: "  %6.1f s", metrics.seconds)
            + "  ETA \(padded(clock(remainingSeconds), 7))"
    }

    /// `  no answer 3  cut off 2  missing 1`, without the counts that are 0.
    private static func unanswered(_ metrics: StepMetrics) -> String {
        let missing = metrics.missing.values.reduce(0, +)
        let counts = [("no answer", metrics.noAnswer), ("cut off", metrics.cutOff), ("missing", missing)]
        return counts.filter { $0.1 > 0 }.map { "  \($0.0) \($0.1)" }.joined()
    }

    /// `evaluation at step 10: accuracy 61.0 % (122 of 200, 95 % interval 54.1–67.5)  best so far`
    package static func line(_ metrics: EvaluationMetrics) -> String {
        let interval = AccuracyInterval(correct: metrics.correct, count: metrics.problems)
        return "evaluation at step \(metrics.step): accuracy \(percent(interval))"
            + (metrics.isBest
                ? "  best so far"
                : String(format: "  best: %.1f %% at step %d", 100 * metrics.bestAccuracy, metrics.bestStep))
    }

    /// `stopped in step 12 of 40` or, after the last update, `stopped in the evaluation after step 40 of 40`
    ///
    /// - Parameter step: the number of updates made.
    package static func interruption(step: Int, steps: Int) -> String {
        step < steps
            ? "stopped in step \(step + 1) of \(steps)" : "stopped in the evaluation after step \(step) of \(steps)"
    }

    /// `61.0 % (122 of 200, 95 % interval 54.1–67.5)`
    package static func percent(_ interval: AccuracyInterval) -> String {
        String(
            format: "%.1f %% (%d of %d, 95 %% interval %.1f–%.1f)", 100 * interval.accuracy, interval.correct,
            interval.count, 100 * interval.lower, 100 * interval.upper)
    }

    /// `+19.5 points`
    package static func points(_ difference: Double) -> String { String(format: "%+.1f points", difference) }

    /// `1:02:03` or `2:03`.
    package static func clock(_ seconds: Double) -> String {
        let whole = Int(max(0, min(seconds, 1e9)).rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours > 0
            ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
