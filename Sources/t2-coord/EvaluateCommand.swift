import ArgumentParser
import T2CommandLine
import T2Coordinator
import T2Core
import T2Evaluation
import T2Learning
import T2Tasks
import T2Text
import T2Transport

/// Accuracy on a task, measured on a cluster.
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measures accuracy on a task's problems with whatever workers join: t2 eval on a cluster.",
        discussion: """
            It takes every strategy that t2 eval takes. The answers do not depend on how many workers there are and which of them \
            vanish, and are those of t2 eval (with prompt and cls-expert up to rounding: units are cut by expert). Every answer is kept in the run folder: after a crash or \
            Ctrl-C the same command with --resume goes on where it was. A reward that cannot be computed is computed again \
            elsewhere; if that fails and fails, the evaluation stops and says why.

            Examples:
              t2-coord eval --model experts/tiny/base --task gsm-mini --local-workers 2
              t2-coord eval --model experts/tiny/base --task gsm-mini --local-workers 2 --json \\
                --expert experts/tiny/math.safetensors --records answers.jsonl
              t2-coord eval --model experts/tiny/base --task math-mini --local-workers 2 \\
                --experts experts/tiny --adapt cls-expert
            """)

    @Option(name: .customLong("model"), help: ArgumentHelp("Base model: a Hugging Face folder.", valueName: "dir"))
    var modelPath: String

    @OptionGroup var selection: StrategySelectionOptions
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var data: TaskDataOptions
    @OptionGroup var problemSelection: ProblemSelectionOptions
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        let signals = StopSignals()
        let console = Console()
        let records = try problemSelection.recordDestination()
        let task = try data.task()
        let job = try ClusterJob(cluster, command: "eval", task: task, console: console)
        let (model, tokenizer) = try BaseModelFolder.openWithTokenizer(path: modelPath)
        let definition = try definition(job.name, model, try data.reader(task, model, tokenizer, for: selection))
        let start = ContinuousClock.now
        let findings = try await job.run(
            model: modelPath, signals: signals,
            open: { folder, transport, logger in
                let total = definition.problems.count + definition.questions.count
                let journal = try JobJournal(
                    definition, folder: folder, resume: cluster.resume, progress: Self.reporter(data.name, total))
                return (
                    journal, EvaluationCoordinator(definition, journal: journal, transport: transport, logger: logger)
                )
            },
            find: { coordinator, say in
                try await coordinator.run { @Sendable iteration in
                    if case .fewShot(let search, _) = definition.policy { say(iteration.line(of: search)) }
                }
            })
        guard let findings else { return }
        if let records { try EvaluationRecord.write(findings.completions, to: records.path) }
        let coefficients: [String: [Double]]? = findings.search.map { search in
            Dictionary(uniqueKeysWithValues: search.coefficients.map { ($0.expert, $0.values) })
        }
        let result = EvaluationResult(
            EvaluationReport(findings.completions, planned: definition.problems.count), task: task,
            split: problemSelection.split, model: model.digest, strategy: selection.strategy,
            coefficients: coefficients, engine: .workers(findings.workers),
            seconds: (ContinuousClock.now - start).seconds)
        console.print(cluster.json ? try JSONText.line(result) : result.text)
    }

    private func definition(_ name: String, _ model: BaseModelFolder, _ reader: TaskReader) throws
        -> EvaluationDefinition
    {
        EvaluationDefinition(
            name: name, model: model, task: reader.task.name,
            problems: try reader.announcedProblems(problemSelection.split, first: problemSelection.limit),
            policy: try policy(name, model, reader), sampling: reader.sampling(temperature: sampling.temperature),
            seed: sampling.seed)
    }

    private func policy(_ name: String, _ model: BaseModelFolder, _ reader: TaskReader) throws
        -> EvaluationDefinition.Policy
    {
        let strategy = selection.strategy
        guard strategy.needsExperts, let path = selection.experts else {
            return .fixed(try strategy.file.map { try ExpertFile(path: $0, for: model).vector })
        }
        let library = try ExpertLibrary(path: path, model: model.digest)
        if case .classified(let classifier) = strategy {
            let classification = try Classification(library)
            let experts = try Dictionary(
                classification.categories.map { ($0.expert, try library.entry(named: $0.expert).expert.vector) },
                uniquingKeysWith: { first, _ in first })
            return .classified(
                classification, by: classifier == .expert ? try library.classifier().expert.vector : nil,
                experts: experts)
        }
        let entries = library.entries.filter { !$0.isClassifier }
        var settings = FewShotSearch.Settings()
        settings.seed = sampling.seed
        let shots = try ShotSelection.draw(
            selection.shots, from: try reader.announcedExamples(), task: reader.task.name, seed: settings.seed)
        return .fewShot(
            SearchDefinition(
                name: name, model: model, task: reader.task.name, shots: shots, sampling: reader.sampling(),
                mixture: try MixtureParameterisation(mixing: entries), settings: settings), entries)
    }

    /// `96 of 600 answered, 61.5 % right`, with the time that is left.
    private static func reporter(_ title: String, _ total: Int) -> @Sendable (JobJournal.Progress) -> Void {
        let reporter = ProgressReporter(title)
        return { progress in
            let accuracy =
                progress.answered == 0
                ? "" : ", \(PlainText.percent(Double(progress.right) / Double(progress.answered))) % right"
            let done = progress.answered + progress.classified
            reporter.report(
                fraction: Double(done) / Double(max(1, total)), note: "\(done) of \(total) answered\(accuracy)")
            if done == total { reporter.finish() }
        }
    }
}
