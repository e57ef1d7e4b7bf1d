import ArgumentParser
import Foundation
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs
import T2Monitor
import T2Numerics
import T2Tasks

/// Trains experts, or resumes their runs.
struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Trains one or several experts with the workers that join.",
        discussion: """
            Without --config and --model it trains the bundled example on this machine. Flags override the configuration file; \
            every key of the file can also be given by --set. The results are expert files, or with --adapter lora PEFT folders: \
            expert-best and expert-last in the run folder. The resolved configuration is printed and saved in the run folder.

            Several --config train several experts of one base model at once: while one run waits for the last results of a \
            step, the workers compute units of the others. Each run has a folder of its own in --run-dir, named after its \
            configuration file, and the same bytes as if it were trained alone. --resume continues all of them.

            Examples:
              t2-coord start --local-workers 2
              t2-coord start --config experts/tiny/math.yaml --steps 60 --seed 1 --run-dir runs/math
              t2-coord start --model models/llama --task gsm-mini --set learning-rate=2e-3 --dry-run
              t2-coord start --adapter lora --rank 16 --local-workers 2   # the baseline
              t2-coord start --config experts/tiny/math.yaml --config experts/tiny/code.yaml --run-dir runs/both
              t2-coord start --resume --run-dir runs/math
            """)

    @OptionGroup var options: RunOptions

    @OptionGroup var host: HostOptions

    @Flag(help: "Resume the run in --run-dir.")
    var resume = false

    @Flag(help: "Check everything, print the plan, and start nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp("Write TensorBoard event files to a folder of the run's name in this one.", valueName: "dir")
    )
    var tensorboard: String?

    func validate() throws {
        guard !resume || options.runFolder != nil else {
            throw ValidationError("--resume needs --run-dir: the folder of the run to resume.")
        }
    }

    func run() async throws {
        let console = Console()
        let signals = StopSignals()
        // Cheap checks come first.
        try host.checkNetwork()
        let request = try options.request(resume: resume)
        if let notice = request.notice { console.say(notice) }
        for run in request.runs { try RunFolder.check(path: run.folder, resume: run.isResumed) }
        let runs = try request.runs.map { try prepare($0, isAlone: request.runs.count == 1, console) }
        try requireOneModel(runs)
        for run in runs { try run.describe() }
        let tasks = runs.map(\.preparation.task)
        let cluster = try ClusterHost(
            host, model: runs[0].preparation.definition.model,
            gradientCount: runs.map(\.preparation.definition.layout.count).max() ?? 0,
            layouts: runs.map(\.preparation.definition).filter { $0.configuration.adapter == .svf }.map(\.layout),
            tasks: tasks, say: console.say)
        do {
            guard dryRun else { return try await train(runs, in: request.folder, cluster, signals, console) }
            await cluster.close()
            for run in runs where run.resume { try run.inspect() }
            console.say("dry run: everything is in order; nothing was started")
        } catch {
            await cluster.close()
            throw error
        }
    }

    private func prepare(_ run: RunOptions.Run, isAlone: Bool, _ console: Console) throws -> TrainingRun {
        let name = RunFolder.name(path: run.folder)
        let prefix = isAlone ? "" : "\(name): "
        let preparation = try TrainingPreparation(
            run.source, name: name, checkPrerequisites: { try checkPrerequisites(run.folder, $0) },
            singularValues: Self.singularValues)
        return TrainingRun(
            preparation: preparation, path: run.folder, resume: run.isResumed, weight: run.weight, logger: host.logger
        ) { console.say(prefix + $0) }
    }

    /// Workers hold one base model.
    private func requireOneModel(_ runs: [TrainingRun]) throws {
        let first = runs[0].preparation.definition.model
        let models = runs.map(\.preparation.definition.model)
        if models.contains(where: { $0.weights != first.weights }) {
            throw InputError(
                "--config", "the runs hold the weights in different types (key weights)",
                remedy: "Give --weights f32 or --weights bf16 for all of them.", exitStatus: .configuration)
        }
        guard let other = models.first(where: { $0.digest != first.digest }) else { return }
        throw InputError(
            "--config", "the base models differ: \(first.path) and \(other.path)",
            remedy: "Train experts of different base models by a coordinator each.", exitStatus: .configuration)
    }

    /// σ of each entry of the layout, in its order, from the cache that the workers use too. The coordinator computes nothing
    /// else from the weights.
    private static func singularValues(_ model: BaseModelFolder, _ layout: ExpertLayout) throws -> [[Float]] {
        try ProgressReporter.during("decomposing", "matrices") { progress in
            try WeightDecomposition(model, layout: layout, cache: SingularValueCache()).run(
                progress: progress, keep: \.sigma)
        }
    }

    /// Checks the run folder, and what local workers need.
    private func checkPrerequisites(_ runFolder: String, _ task: TrainingTask) throws -> [String] {
        try RunFolder.checkWritable(runFolder)
        guard host.localWorkers > 0 else { return ["run folder"] }
        try LocalWorkers.requireProgram(LocalWorkers.installedProgram)
        _ = try host.verification.verifier(parallelism: 1, for: [task])
        return ["run folder", "t2-worker"] + (task.needsSandbox ? ["program sandbox"] : [])
    }

    /// Trains the runs that are not finished. A run that fails does not end the others; its error is thrown at the end.
    private func train(
        _ runs: [TrainingRun], in folder: String, _ cluster: ClusterHost, _ signals: StopSignals, _ console: Console
    ) async throws {
        var opened: [TrainingRun.Opened] = []
        defer { for run in opened { try? run.journal.close() } }
        for run in runs {
            guard let run = try await run.open() else { continue }
            if let twin = opened.first(where: { $0.name == run.name }) {
                try? run.journal.close()
                throw InputError(
                    run.run.path, "was started under the name '\(run.name)', as was \(twin.run.path)",
                    remedy: "Resume one after the other.", exitStatus: .configuration)
            }
            opened.append(run)
        }
        guard !opened.isEmpty else { return await cluster.close() }
        let runs = opened
        let observed = runs.map {
            Monitor.Run(name: $0.name, folder: $0.run.path, steps: $0.job.definition.configuration.steps)
        }
        try await cluster.serve(logFolder: folder, runs: observed, tensorBoard: tensorboard, signals: signals) {
            dispatcher in
            let endings = await finish(runs, dispatcher)
            if endings.contains(where: \.isStopped) {
                console.say("resume with: t2-coord start --resume --run-dir \(RunSummary.quoted(folder))")
            }
            for case .failed(let error) in endings { throw error }
        }
    }

    /// The endings of the runs, in their order.
    private func finish(_ runs: [TrainingRun.Opened], _ dispatcher: Dispatcher) async -> [Ending] {
        await withTaskGroup(of: (Int, Ending).self) { group in
            for (index, run) in runs.enumerated() {
                group.addTask { (index, await finish(run, dispatcher, isAlone: runs.count == 1)) }
            }
            var endings = [Ending](repeating: .finished, count: runs.count)
            for await (index, ending) in group { endings[index] = ending }
            return endings
        }
    }

    private enum Ending: Sendable {
        case finished
        case stopped
        case failed(any Error)

        var isStopped: Bool { if case .stopped = self { true } else { false } }
    }

    private func finish(_ run: TrainingRun.Opened, _ dispatcher: Dispatcher, isAlone: Bool) async -> Ending {
        do {
            let ending = try await run.train(dispatcher)
            try await run.report(ending)
            if case .stopped = ending { return .stopped }
            return .finished
        } catch {
            if !isAlone { run.run.say("error: \(error)") }
            return .failed(error)
        }
    }
}
