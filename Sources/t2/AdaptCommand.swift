import ArgumentParser
import T2CommandLine
import Foundation
import T2Adaptation
import T2Core
import T2Learning
import T2Model
import T2Tasks

/// Finds the mixture of experts that answers a few examples of a task best.
struct AdaptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapt",
        abstract: "Searches the mixture of experts that answers a few examples of a task best.",
        discussion: """
            z = Σ α z over the experts, with α in 0…1. All candidates of an iteration are answered together over one resident \
            model, greedily; between candidates with equally many right answers the likelihood of the correct ones decides. The \
            mixture is written as an expert file, every iteration as a line of a .trace.jsonl beside it. Ctrl-C ends it with the best \
            so far. The same seed finds the same mixture.

            Examples:
              t2 adapt --model experts/tiny/base --experts experts/tiny \\
                --task math-mini --output math-mini.safetensors
              t2 adapt --model experts/tiny/base --experts math.safetensors,code.safetensors \\
                --task arcc-mini --shots 20 --per-layer --normalize --output mixed.safetensors
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var experts: ExpertSelectionOptions
    @OptionGroup var search: FewShotOptions
    @OptionGroup var data: TaskDataOptions
    @OptionGroup var laneOptions: LaneOptions
    @OptionGroup var verification: VerifierOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let destination = try OutputDestination(checking: search.outputPath)
        let tracePath = FewShotReport.tracePath(output: search.outputPath)
        let task = try data.task()
        let verifier = try verification.verifier(parallelism: laneOptions.count, for: [task])
        let (folder, tokenizer) = try model.openFolder()
        let entries = try experts.load(for: folder)
        let mixture = try search.mixture(entries)
        let reader = try data.reader(task, folder, tokenizer)
        let examples = try reader.announcedExamples()
        let base = try BaseModel(folder)
        let adaptation = try FewShotAdaptation(
            base, entries, mixture, task: task, examples: examples, shots: search.shots,
            settings: search.settings())
        let decomposing = ProgressReporter("decomposing")
        let reporter = ProgressReporter("adapt")
        defer { reporter.finish() }
        let interruption = StopSignals { _ in }
        let start = ContinuousClock.now
        let result = try adaptation.run(
            lanes: ModelLanes(base, count: laneOptions.count), tokenizer: tokenizer, verifier: verifier,
            sampling: reader.sampling(),
            decomposition: { decomposing.report($0, of: $1, "matrices") },
            isCancelled: { interruption.isRequested }
        ) { iteration in
            reporter.report(
                fraction: Double(iteration.iteration) / Double(search.iterations),
                note: "iteration \(iteration.iteration), best \(iteration.best.right) of \(search.shots) right")
        }
        try result.mixture.write(to: destination.path)
        try AtomicFile.write(try result.outcome.iterations.map { try JSONText.line($0) }.joined(), to: tracePath)
        let report = FewShotReport(
            result, task: task.name, method: search.method,
            seconds: (ContinuousClock.now - start).seconds,
            output: search.outputPath)
        try StandardOutput.write(json ? JSONText.line(report) : PlainText.table(report.rows))
    }
}
