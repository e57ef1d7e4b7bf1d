import ArgumentParser
import T2Core
import T2Jobs
import T2Tasks

/// Measures accuracy on a task.
package struct EvaluateCommand<Host: JobHostOptions>: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "eval", abstract: "Measures accuracy on a task's problems, with its 95 % interval.",
            discussion: """
                Answers are greedy unless --temperature is given. The interval is Wilson's. A reward that could not be computed, \
                for example because the sandbox failed, is missing: it is reported, does not count in the accuracy, and makes the \
                exit status 75. Problems are answered in batches of \(EvaluationJob.batchSize), whichever experts they need: the \
                answers are the same, byte for byte, with any number of lanes, on one machine and on a cluster. \(Host.description)

                Examples:
                  \(Host.program) eval --model experts/tiny/base --task gsm-mini\(Host.exampleSuffix)
                  \(Host.program) eval --model experts/tiny/base --task gsm-mini --json \\
                    --expert experts/tiny/math.safetensors\(Host.exampleSuffix)
                  \(Host.program) eval --model experts/tiny/base --task math-mini \\
                    --experts experts/tiny --strategy cls-expert\(Host.exampleSuffix)
                  \(Host.program) eval --model experts/tiny/base --task mbpp-mini --split valid \\
                    --limit 100 --records answers.jsonl\(Host.exampleSuffix)

                Tasks: \(TaskRegistry.bundled.names.joined(separator: ", ")).
                """)
    }

    @OptionGroup package var model: ModelOptions
    @OptionGroup package var weights: WeightOptions
    @OptionGroup package var selection: StrategyOptions
    @OptionGroup package var sampling: SamplingOptions
    @OptionGroup package var chat: ChatOptions
    @OptionGroup package var data: TaskDataOptions

    @Option(help: "Part of the data.")
    package var split = Split.test

    @Option(help: ArgumentHelp("Only the first n problems.", valueName: "n"))
    package var limit: Int?

    @Option(
        name: .customLong("records"),
        help: ArgumentHelp("Also write every answer and its outcome, as JSON Lines.", valueName: "file"))
    package var recordPath: String?

    @OptionGroup package var host: Host
    @OptionGroup package var results: JobResultOptions<Host>

    package init() {}

    package func validate() throws { try require("--limit", limit, atLeast: 1) }

    package func run() async throws {
        let task = try data.task()
        let records = try recordPath.map { try OutputDestination(checking: $0) }
        let work = "eval-\(task.name)"
        try host.check(results.results, tasks: [task])
        // The model comes before the data: a wrong --model is the likelier mistake.
        let (folder, tokenizer) = try model.openFolder(weights.choice)
        let reader = try data.reader(task, folder, tokenizer, chat, for: selection)
        let problems = try reader.announcedProblems(split, first: limit)
        let job = EvaluationJob(
            name: work, model: JobModel(folder), task: task.name, problems: problems,
            strategy: try selection.strategy.assigner(
                name: work, model: folder, experts: selection.experts, reader: reader, shots: selection.shots,
                seed: sampling.seed, examples: reader.announcedExamples),
            sampling: reader.sampling(temperature: sampling.temperature), seed: sampling.seed)
        let (ending, engine, seconds) = try await host.run(
            job, work, title: data.name, folder, tokenizer, task, results.results)
        let (finished, partial) =
            switch ending {
            case .finished(let job): (job, nil as RoundResults?)
            case .stopped(let job, let results): (job, results)
            }
        if partial != nil, !Host.endsWhenStopped { return }
        let found = try finished.records(partial: partial)
        if let records { try EvaluationRecord.write(found, to: records.path) }
        let report = EvaluationSummary(found, planned: problems.count)
        let result = EvaluationResult(
            report, task: task, split: split, model: folder.digest, strategy: selection.strategy,
            coefficients: partial == nil ? try finished.assignment().search?.coefficientsByExpert : nil,
            engine: engine, seconds: seconds)
        try StandardOutput.write(results.json ? JSONText.line(result) : result.text)
        try requireComplete(report)
    }

    private func requireComplete(_ report: EvaluationSummary) throws {
        guard let (reason, _) = report.missing.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return }
        throw InputError(
            data.name, "\(report.missingCount) of \(report.planned) rewards are missing and not counted: \(reason)",
            remedy: "Remove the cause and run the same command again.", exitStatus: .tryAgain)
    }
}
