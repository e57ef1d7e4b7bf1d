import Synchronization
import T2Core
import T2Jobs
import T2Learning

/// Shows the progress of a job: as a bar on a terminal, as lines elsewhere.
package final class JobProgressBar: Sendable {
    private let reporter: ProgressReporter
    /// The maximum number of iterations of a search.
    private let iterations: Int
    private let start = Mutex<(phase: Phase, time: ContinuousClock.Instant)?>(nil)

    package init(_ title: String, iterations: Int = FewShotSearch.Settings().iterations) {
        reporter = ProgressReporter(title)
        self.iterations = iterations
    }

    /// Shows the progress of a round. The rounds of a search are too short to show.
    @Sendable func report(_ progress: RoundProgress) {
        let verb: String
        switch progress.phase {
        case .classification: verb = "classified"
        case .evaluation: verb = "answered"
        case .train, .validation, .answers, .references, .mixtureGradient: return
        }
        let started = start.withLock { start in
            let known = start.flatMap { $0.phase == progress.phase ? $0.time : nil } ?? .now
            start = (progress.phase, known)
            return known
        }
        let elapsed = (ContinuousClock.now - started).seconds
        let rate = elapsed > 0 ? ", \(PlainText.count(Int(Double(progress.tokens) / elapsed))) tokens/s" : ""
        let accuracy =
            progress.judged == 0
            ? "" : ", \(PlainText.percent(Double(progress.right) / Double(progress.judged))) % right"
        let missing = progress.missing == 0 ? "" : ", \(progress.missing) missing"
        reporter.report(
            fraction: Double(progress.completed) / Double(max(1, progress.total)),
            note: "\(progress.completed) of \(progress.total) \(verb)\(accuracy)\(missing)\(rate)")
    }

    /// Shows a finished iteration of a search.
    package func report(_ iteration: FewShotSearch.Iteration) {
        reporter.report(
            fraction: Double(iteration.iteration) / Double(iterations),
            note: "iteration \(iteration.iteration), best \(iteration.best.right) right")
    }

    package func finish() { reporter.finish() }
}
