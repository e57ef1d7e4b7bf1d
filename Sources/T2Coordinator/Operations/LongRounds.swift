import Synchronization
import T2Core
import T2Jobs

/// Prints how far a round is if it takes longer than a minute, as the rounds of large models do.
package final class LongRounds: Sendable {
    private struct Current {
        let step: Int
        let phase: Phase
        let reporter: ProgressReporter
    }

    private static let first: Duration = .seconds(60)

    private let steps: Int
    private let say: @Sendable (String) -> Void
    private let current = Mutex<Current?>(nil)

    /// - Parameter steps: the number of updates of the run.
    package init(steps: Int, say: @escaping @Sendable (String) -> Void) {
        self.steps = steps
        self.say = say
    }

    package func report(_ progress: RoundProgress) { report(progress, at: .now) }

    package func report(_ progress: RoundProgress, at now: ContinuousClock.Instant) {
        let reporter = current.withLock { current in
            if let current, (current.step, current.phase) == (progress.step, progress.phase) { return current.reporter }
            // Step 0 computes the first update.
            let title =
                progress.phase == .train
                ? "step \(progress.step + 1) of \(steps)" : "\(progress.phase.rawValue) after step \(progress.step)"
            let reporter = ProgressReporter(start: now, first: Self.first) { [say] note, left in
                say("in \(title): \(note)" + (left.map { ", \($0.text) left" } ?? ""))
            }
            current = Current(step: progress.step, phase: progress.phase, reporter: reporter)
            return reporter
        }
        reporter.report(
            fraction: Double(progress.completed) / Double(max(1, progress.total)),
            note: "\(progress.completed) of \(progress.total) completions, \(progress.tokens) tokens", at: now)
    }
}
