import ArgumentParser
import T2CommandLine
import T2Coordinator
import T2Core
import T2Evaluation
import T2Learning
import T2Tasks
import T2Text

/// Searches the mixture of experts that answers a few examples of a task best, on a cluster.
struct AdaptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapt",
        abstract: "Searches a mixture of experts with whatever workers join: t2 adapt on a cluster.",
        discussion: """
            The same seed finds the same mixture as t2 adapt on one machine, to the last bit on machines of one kind, however many \
            workers there are and whichever of them vanish. Every result is kept in the run folder: after a crash or Ctrl-C the \
            same command with --resume goes on where it was.

            Examples:
              t2-coord adapt --model experts/tiny/base --experts experts/tiny --task math-mini \\
                --output math-mini.safetensors --local-workers 2
              t2-coord adapt --model experts/tiny/base --experts math.safetensors,code.safetensors --task arcc-mini \\
                --shots 20 --per-layer --normalize --output mixed.safetensors --bind tcp://127.0.0.1:6000
            """)

    @Option(name: .customLong("model"), help: ArgumentHelp("Base model: a Hugging Face folder.", valueName: "dir"))
    var modelPath: String

    @OptionGroup var experts: ExpertSelectionOptions
    @OptionGroup var search: FewShotOptions
    @OptionGroup var data: TaskDataOptions

    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        guard search.method != .gradient else {
            throw ValidationError(
                "--method gradient runs on one machine only. Use --method cem or random, or run: t2 adapt --method gradient"
            )
        }
    }

    func run() async throws {
        let signals = StopSignals()
        let console = Console()
        let destination = try OutputDestination(checking: search.outputPath)
        let task = try data.task()
        let job = try ClusterJob(cluster, command: "adapt", task: task, console: console)
        let (model, tokenizer) = try BaseModelFolder.openWithTokenizer(path: modelPath)
        let entries = try experts.load(for: model)
        let reader = try data.reader(task, model, tokenizer)
        let definition = SearchDefinition(
            name: job.name, model: model, task: task.name,
            shots: try ShotSelection.draw(
                search.shots, from: try reader.announcedExamples(), task: task.name, seed: search.seed),
            sampling: reader.sampling(), mixture: try search.mixture(entries), settings: search.settings())
        let start = ContinuousClock.now
        let outcome = try await job.run(
            model: modelPath, signals: signals,
            open: { folder, transport, logger in
                let journal = try JobJournal(definition, folder: folder, resume: cluster.resume)
                return (
                    journal, SearchCoordinator(definition, journal: journal, transport: transport, logger: logger)
                )
            },
            find: { coordinator, say in try await coordinator.run { @Sendable in say($0.line(of: definition)) } })
        guard let outcome else { return }
        let result = try FewShotResult(
            outcome, of: definition.mixture, entries, task: task.name, shots: definition.shots,
            settings: definition.settings)
        try result.mixture.write(to: destination.path)
        try AtomicFile.write(
            try outcome.iterations.map { try JSONText.line($0) }.joined(),
            to: FewShotReport.tracePath(output: search.outputPath))
        let report = FewShotReport(
            result, task: task.name, method: search.method, seconds: (ContinuousClock.now - start).seconds,
            output: search.outputPath)
        console.print(cluster.json ? try JSONText.line(report) : PlainText.table(report.rows))
    }
}
