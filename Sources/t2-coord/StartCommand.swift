import ArgumentParser
import Foundation
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs
import T2Numerics
import T2Tasks

/// Trains an expert, or resumes a run.
struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Trains an expert with the workers that join.",
        discussion: """
            Without --config and --model it trains the bundled example on this machine. Flags override the configuration file; \
            every key of the file can also be given by --set. The results are expert files, or with --adapter lora PEFT folders: \
            expert-best and expert-last in the run folder. The resolved configuration is printed and saved in the run folder.

            Examples:
              t2-coord start --local-workers 2
              t2-coord start --config experts/tiny/math.yaml --steps 60 --seed 1 --run-dir runs/math
              t2-coord start --model models/llama --task gsm-mini --set learning-rate=2e-3 --dry-run
              t2-coord start --adapter lora --rank 16 --local-workers 2   # the baseline
              t2-coord start --resume --run-dir runs/math
            """)

    @OptionGroup var options: RunOptions

    @OptionGroup var host: HostOptions

    @Flag(help: "Resume the run in --run-dir.")
    var resume = false

    @Flag(help: "Check everything, print the plan, and start nothing.")
    var dryRun = false

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
        // The folder of another kind of job holds no configuration to resume.
        if resume, let folder = options.runFolder { try RunJournal.requireKind(.training, inFolder: folder) }
        let request = try options.request(resume: resume)
        if let notice = request.notice { console.say(notice) }
        try RunFolder.check(path: request.runFolder, resume: resume)
        let preparation = try TrainingPreparation(
            request.source, name: RunFolder.name(path: request.runFolder),
            checkPrerequisites: { try checkPrerequisites(request.runFolder, $0) }, singularValues: Self.singularValues)
        console.say("configuration")
        for line in try preparation.resolved.yaml().split(separator: "\n") { console.say("  \(line)") }
        for notice in preparation.notices { console.say(notice) }
        console.say("plan")
        for line in preparation.plan { console.say(line) }
        let cluster = try ClusterHost(
            host, model: preparation.definition.model,
            gradientCount: preparation.definition.layout.count,
            taskFolders: [preparation.task.own?.folder].compactMap(\.self),
            say: console.say)
        do {
            guard dryRun else { return try await train(preparation, in: request.runFolder, cluster, signals, console) }
            await cluster.close()
            if resume { try inspect(preparation.definition, folder: request.runFolder, console) }
            console.say("dry run: everything is in order; nothing was started")
        } catch {
            await cluster.close()
            throw error
        }
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

    private func train(
        _ preparation: TrainingPreparation, in runFolder: String, _ cluster: ClusterHost, _ signals: StopSignals,
        _ console: Console
    ) async throws {
        let folder = try RunFolder(path: runFolder, resume: resume)
        // Before the database: a folder that holds a run always holds its configuration.
        if !resume { try AtomicFile.write(preparation.resolved.yaml(), to: folder.configurationPath) }
        let journal = try RunJournal(
            TrainingJob(preparation.definition, from: try preparation.definition.start()), folder: folder)
        let recorder = try TrainingRecorder(
            preparation.definition, journal: journal, folder: folder, console: console.say)
        let (job, damaged) = try await recorder.restore()
        for problem in damaged { host.logger.warning("checkpoint left out", metadata: ["problem": "\(problem)"]) }
        guard !job.definition.isFinished(job.checkpoint) else {
            await cluster.close()
            try await reportFinished(job, recorder, console)
            return try journal.close()
        }
        // The number of steps may have been raised.
        if resume { try AtomicFile.write(preparation.resolved.yaml(), to: folder.configurationPath) }
        if job.checkpoint.step > 0 { try await recorder.say("resuming after step \(job.checkpoint.step)") }
        console.say("run folder \(folder.path)")
        do {
            try await recorder.saveLast(job)
            let ending = try await cluster.serve(logFolder: folder.path, signals: signals) { dispatcher in
                try await JobRun<TrainingJob>(journal, dispatcher).run(job) { event, job, timing in
                    try await recorder.record(event, job, timing)
                }
            }
            try await report(ending, recorder, console)
        } catch {
            try? journal.close()
            throw error
        }
        try journal.close()
    }

    /// Prints the summary of a finished run again, and leaves its folder unchanged.
    private func reportFinished(_ job: TrainingJob, _ recorder: TrainingRecorder, _ console: Console) async throws {
        let summary = try await recorder.summary(of: job.checkpoint)
        console.say(
            "this run is finished; nothing was changed" + (summary.endedEarly ? "" : " (for more steps: --steps N)"))
        for line in summary.lines(folder: recorder.folder, configuration: job.definition.configuration) {
            console.say(line)
        }
    }

    private func report(
        _ ending: JobEnding<TrainingJob>, _ recorder: TrainingRecorder, _ console: Console
    ) async throws {
        switch ending {
        case .finished(let job):
            try await recorder.finish(job)
            let summary = try await recorder.summary(of: job.checkpoint)
            for line in summary.lines(folder: recorder.folder, configuration: job.definition.configuration) {
                try await recorder.say(line)
            }
        case .stopped(let job, _):
            try await recorder.say(
                RunConsole.interruption(step: job.checkpoint.step, steps: job.definition.configuration.steps))
            console.say("resume with: t2-coord start --resume --run-dir \(RunSummary.quoted(recorder.folder.path))")
        }
    }

    /// Makes the checks of `--resume`, and prints the step after which it would begin.
    private func inspect(_ definition: TrainingDefinition, folder: String, _ console: Console) throws {
        let saved = try SavedRun.inspect(definition, folder: folder)
        for problem in saved.damaged { host.logger.warning("checkpoint left out", metadata: ["problem": "\(problem)"]) }
        guard let checkpoint = saved.checkpoint else { return }
        console.say(
            definition.isFinished(checkpoint)
                ? "this run is finished" : "resuming would begin after step \(checkpoint.step)")
    }
}
