import ArgumentParser
import Foundation
import T2Coordinator
import T2Core
import T2Transport

/// Trains one expert to the end, or goes on with a run.
struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Trains an expert with whatever workers join.",
        discussion: """
            Without --config and --model it trains the bundled example on this machine. Flags override the configuration file;
            every key of the file can also be given by --set. The result is an expert file, or with --adapter lora a PEFT folder: \
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

    @Flag(help: "Go on with the run in --run-dir.")
    var resume = false

    @Flag(help: "Check everything, print the plan, and start nothing.")
    var dryRun = false

    func validate() throws {
        guard !resume || options.runFolder != nil else {
            throw ValidationError("--resume needs --run-dir: the folder of the run to go on with.")
        }
    }

    func run() async throws {
        let console = Console()
        let signals = StopSignals()
        // What is quickly found wrong comes first.
        _ = try Endpoint(listening: host.bind)
        let request = try options.request(resume: resume)
        if let notice = request.notice { console.say(notice) }
        let place = RunPreparation.Place(
            runFolder: request.runFolder, resume: resume,
            workerProgram: host.localWorkers > 0 ? LocalWorkers.installedProgram : nil,
            isolation: host.verification.isolation)
        let preparation = try RunPreparation(request.source, at: place, singularValues: WeightSingularValues.read)
        console.say("configuration")
        for line in try preparation.resolved.yaml().split(separator: "\n") { console.say("  \(line)") }
        for notice in preparation.notices { console.say(notice) }
        console.say("plan")
        for line in RunPlan(preparation).lines { console.say(line) }
        let transport = try ZeroMQCoordinatorTransport.listen(on: host.bind)
        if dryRun {
            await transport.close()
            if resume { try await inspect(preparation.definition, folder: request.runFolder, console) }
            console.say("dry run: everything is in order; nothing was started")
            return
        }
        let training = Training(
            preparation: preparation, runFolder: request.runFolder, resume: resume, localWorkers: host.localWorkers,
            isolation: host.verification.isolation,
            transport: transport, console: console, logger: host.logger)
        do {
            try await training.run(signals: signals)
            await transport.close()
        } catch {
            await transport.close()
            throw error
        }
    }

    /// Refuses what going on would refuse, and says where it would begin.
    private func inspect(_ definition: RunDefinition, folder: String, _ console: Console) async throws {
        let saved = try await SavedRun.inspect(definition, folder: folder)
        for problem in saved.damaged { host.logger.warning("checkpoint left out", metadata: ["problem": "\(problem)"]) }
        guard let checkpoint = saved.checkpoint else { return }
        console.say(
            definition.isFinished(checkpoint)
                ? "this run is finished" : "going on would begin after step \(checkpoint.step)")
    }
}
