import ArgumentParser
import Foundation
import Logging
import T2CommandLine
import T2Coordinator
import T2Core
import T2Learning
import T2Tasks
import T2Text
import T2Transport

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

    @Option(
        name: .customLong("run-dir"),
        help: ArgumentHelp(
            "Folder for everything the search leaves. (default: runs/adapt-<task>-<date>)", valueName: "dir"))
    var runFolder: String?

    @Option(help: ArgumentHelp("Where to listen; port 0 takes a free one.", valueName: "endpoint"))
    var bind = BundledExample.endpoint

    @Option(
        help: ArgumentHelp("Start this many workers on this machine, and end them with the search.", valueName: "n"))
    var localWorkers = 0

    @Flag(help: "Go on with the search in --run-dir; all other options as at its start.")
    var resume = false

    @Flag(help: "Print one JSON object on standard output, and what happens on standard error.")
    var json = false

    @Flag(help: "Log every unit.")
    var verbose = false

    func validate() throws {
        guard (0...1024).contains(localWorkers) else {
            throw ValidationError("--local-workers: expected 0 to 1024, found \(localWorkers).")
        }
        guard !resume || runFolder != nil else {
            throw ValidationError("--resume needs --run-dir: the folder of the search to go on with.")
        }
        guard search.method != .gradient else {
            throw ValidationError(
                "--method gradient runs on one machine only. Use --method cem or random, or run: t2 adapt --method gradient"
            )
        }
    }

    func run() async throws {
        let signals = StopSignals()
        let console = Console()
        // Standard output is for the one object.
        let isJSON = json
        let say: @Sendable (String) -> Void = { isJSON ? StandardError.write($0 + "\n") : console.say($0) }
        // What is quickly found wrong comes first.
        _ = try Endpoint(listening: bind)
        let destination = try OutputDestination(checking: search.outputPath)
        let path = runFolder ?? RunOptions.freshFolder(named: "adapt-\(data.name)")
        try RunFolder.check(path: path, resume: resume)
        let task = try data.task()
        if localWorkers > 0 {
            try LocalWorkers.requireProgram(LocalWorkers.installedProgram)
            if task.needsSandbox { try Verifier(parallelism: 1).requireSandbox() }
        }
        let model = try BaseModelFolder(path: modelPath)
        let tokenizer = try Tokenizer(path: model.tokenizerPath)
        try tokenizer.checkAgreement(with: model.configuration)
        let entries = try experts.load(for: model)
        let definition = SearchDefinition(
            name: RunFolder.name(path: path), model: model, task: task.name,
            shots: try ShotSelection.draw(
                search.shots, from: try task.problems(split: .train, in: data.folder(model: modelPath)),
                task: task.name,
                seed: search.seed),
            maxTokens: data.maxTokens, mixture: try search.mixture(entries), settings: search.settings())
        _ = try PromptCheck(
            definition.shots, tokenizer, maxTokens: data.maxTokens, contextLength: model.configuration.contextLength)
        let transport = try ZeroMQCoordinatorTransport.listen(on: bind)
        let searching = Searching(
            definition: definition, runFolder: path, resume: resume, localWorkers: localWorkers, transport: transport,
            say: say, logger: logger)
        let start = ContinuousClock.now
        let outcome: FewShotSearch.Outcome?
        do {
            outcome = try await searching.run(signals: signals)
            await transport.close()
        } catch {
            await transport.close()
            throw error
        }
        guard let outcome else { return }
        let result = try FewShotResult(
            outcome, of: definition.mixture, entries, task: task.name, shots: definition.shots,
            settings: definition.settings)
        try result.mixture.write(to: destination.path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func line(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        try AtomicFile.write(
            try outcome.iterations.map { try line($0) + "\n" }.joined(),
            to: FewShotReport.tracePath(output: search.outputPath)
        )
        let report = FewShotReport(
            result, task: task.name, method: search.method,
            seconds: (ContinuousClock.now - start).seconds,
            output: search.outputPath)
        console.say(json ? try line(report) : String(PlainText.table(report.rows).dropLast()))
    }

    private var logger: Logger {
        var logger = Logger(label: "t2-coord") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = verbose ? .debug : .info
        return logger
    }
}
