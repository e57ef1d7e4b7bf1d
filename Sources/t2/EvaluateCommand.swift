import ArgumentParser
import T2CommandLine
import Foundation
import T2Adaptation
import T2Core
import T2Evaluation
import T2Tasks

/// Accuracy on a task.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measures accuracy on a task's problems, with its 95 % interval.",
        discussion: """
            Answers are greedy unless --temperature is given. The interval is Wilson's. A reward that could not be computed (a \
            sandbox that broke) is missing: it is in no accuracy, is reported, and makes the exit status 75. Ctrl-C prints \
            what there is, marked as partial. Problems are answered in batches of 32, so lanes change speed, never results.

            Examples:
              t2 eval --model experts/tiny/base --task gsm-mini
              t2 eval --model experts/tiny/base --task gsm-mini --json \\
                --expert experts/tiny/math.safetensors
              t2 eval --model experts/tiny/base --task math-mini \\
                --experts experts/tiny --adapt cls-expert
              t2 eval --model experts/tiny/base --task mbpp-mini --split valid \\
                --limit 100 --records answers.jsonl

            Tasks: \(TaskRegistry.bundled.names.joined(separator: ", ")).
            """)

    @OptionGroup var strategy: StrategyOptions
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var laneOptions: LaneOptions

    @OptionGroup var data: TaskDataOptions
    @OptionGroup var verification: VerifierOptions

    @OptionGroup var problemSelection: ProblemSelectionOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let task = try data.task()
        let records = try problemSelection.recordDestination()
        // A missing model is the likelier mistake than missing data beside it.
        let (folder, tokenizer) = try strategy.model.openFolder()
        let reader = try data.reader(task, folder, tokenizer, for: strategy.selection)
        let problems = try reader.announcedProblems(problemSelection.split, first: problemSelection.limit)
        let verifier = try verification.verifier(parallelism: laneOptions.count, for: [task])
        let loaded = try strategy.load(folder, tokenizer, lanes: laneOptions.count) {
            StrategyOptions.FewShotSource(
                reader: reader, examples: try reader.announcedExamples(), seed: sampling.seed, verifier: verifier)
        }
        let lanes = ModelLanes(loaded.base, count: laneOptions.count)
        let evaluation = Evaluation(
            tokenizer: loaded.tokenizer, verifier: verifier,
            sampling: reader.sampling(temperature: sampling.temperature), seed: sampling.seed)
        let start = ContinuousClock.now
        let completions = try run(evaluation, problems, loaded.policy, lanes)
        let seconds = (ContinuousClock.now - start).seconds
        if let records { try EvaluationRecord.write(completions, to: records.path) }
        let report = EvaluationReport(completions, planned: problems.count)
        let result = EvaluationResult(
            report, task: task, split: problemSelection.split, model: loaded.folder.digest,
            strategy: strategy.selection.strategy,
            coefficients: loaded.coefficients, engine: .lanes(lanes.count), seconds: seconds)
        try StandardOutput.write(json ? JSONText.line(result) : result.text)
        try requireComplete(report)
    }

    private func run(
        _ evaluation: Evaluation, _ problems: [Problem], _ policy: Evaluation.Policy, _ lanes: ModelLanes
    ) throws -> [EvaluatedCompletion] {
        let interruption = StopSignals { _ in }
        let reporter = ProgressReporter(data.name)
        defer { reporter.finish() }
        let total = problems.count
        let start = ContinuousClock.now
        return try evaluation.run(problems, policy, lanes: lanes, isCancelled: { interruption.isRequested }) {
            progress in
            let rate = Double(progress.tokens) / (ContinuousClock.now - start).seconds
            let accuracy =
                progress.judged == 0
                ? "" : ", \(PlainText.percent(Double(progress.right) / Double(progress.judged))) % right"
            let missing = progress.missing == 0 ? "" : ", \(progress.missing) missing"
            reporter.report(
                fraction: Double(progress.answered) / Double(total),
                note: "\(progress.answered) of \(total)\(accuracy)\(missing), \(PlainText.count(Int(rate))) tokens/s")
        }
    }

    private func requireComplete(_ report: EvaluationReport) throws {
        guard let (reason, _) = report.missing.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return }
        throw InputError(
            data.name, "\(report.missingCount) of \(report.planned) rewards are missing, and in no accuracy: \(reason)",
            remedy: "Repair that and run the same command again.", exitStatus: .tryAgain)
    }
}
