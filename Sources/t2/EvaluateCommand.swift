import ArgumentParser
import Foundation
import T2Adaptation
import T2Core
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
              t2 eval --model experts/tiny/base --task mbpp-mini --split valid \\
                --limit 100 --records answers.jsonl

            Tasks: \(TaskRegistry.bundled.names.joined(separator: ", ")).
            """)

    @OptionGroup var options: AdaptedModelOptions
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var laneOptions: LaneOptions

    @Option(name: .customLong("task"), help: ArgumentHelp("The task's name.", valueName: "name"))
    var taskName: String

    @Option(
        help: ArgumentHelp(
            "Folder with one folder per task. (default: data, beside the model folder)", valueName: "dir"))
    var data: String?

    @Option(help: "Which problems.")
    var split = Split.test

    @Option(help: ArgumentHelp("Only the first n problems.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Tokens of an answer at most.", valueName: "n"))
    var maxTokens = RunConfiguration().maxTokens

    @Option(
        name: .customLong("records"),
        help: ArgumentHelp("Also write every answer and its outcome, as JSON Lines.", valueName: "file"))
    var recordPath: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more.") }
        guard maxTokens > 0 else { throw ValidationError("--max-tokens is \(maxTokens), expected 1 or more.") }
    }

    func run() throws {
        let task = try TaskRegistry.bundled.task(named: taskName)
        let records = try recordPath.map { try OutputDestination(checking: $0) }
        let folder = data ?? options.model.path + "/../data"
        // A missing model is the likelier mistake than missing data beside it.
        try BaseModelFolder.requireFolder(options.model.path)
        let all = try task.problems(split: split, in: folder)
        let problems = limit.map { Array(all.prefix($0)) } ?? all
        let verifier = Verifier(parallelism: laneOptions.count)
        if task.needsSandbox { try verifier.requireSandbox() }
        let loaded = try options.load()
        let lanes = ModelLanes(loaded.model.base, count: laneOptions.count)
        let evaluation = Evaluation(
            tokenizer: loaded.tokenizer, verifier: verifier,
            sampling: Sampling(temperature: sampling.temperature, maxTokens: maxTokens), seed: sampling.seed)
        let start = ContinuousClock.now
        let completions = try run(evaluation, problems, loaded.model, lanes)
        let seconds = (ContinuousClock.now - start).seconds
        if let records { try EvaluationRecord.write(completions, to: records.path) }
        let report = EvaluationReport(completions, planned: problems.count)
        let result = EvaluationResult(
            report, task: task, split: split, expert: options.expertPath, model: loaded.folder, lanes: lanes.count,
            seconds: seconds)
        try StandardOutput.write(json ? JSONText.line(result) : result.text)
        try requireComplete(report)
    }

    private func run(
        _ evaluation: Evaluation, _ problems: [Problem], _ model: AdaptedModel, _ lanes: ModelLanes
    ) throws -> [EvaluatedCompletion] {
        let interruption = StopSignals { _ in }
        let reporter = ProgressReporter(taskName)
        defer { reporter.finish() }
        let total = problems.count
        let start = ContinuousClock.now
        return try evaluation.run(problems, model, lanes: lanes, isCancelled: { interruption.isRequested }) {
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
            taskName, "\(report.missingCount) of \(report.planned) rewards are missing, and in no accuracy: \(reason)",
            remedy: "Repair that and run the same command again.", exitStatus: .tryAgain)
    }
}

extension Split: ExpressibleByArgument {}
