import Foundation
import Logging
import T2Coordinator
import T2Core
import T2Learning
import T2Sandbox
import T2Tasks
import T2Transport

/// One run from its folder to its summary: puts the coordinator, the journal and the local workers together.
struct Training {
    let preparation: RunPreparation
    let runFolder: String
    let resume: Bool
    let localWorkers: Int
    let isolation: ProgramIsolation
    let transport: ZeroMQCoordinatorTransport
    let console: Console
    let logger: Logger

    func run(signals: StopSignals) async throws {
        let folder = try RunFolder(path: runFolder, resume: resume)
        // Before the database: a folder that holds a run always holds its configuration.
        if !resume { try AtomicFile.write(preparation.resolved.yaml(), to: folder.configurationPath) }
        let journal = try RunJournal(definition: preparation.definition, folder: folder, console: console.say)
        let (checkpoint, damaged) = try await journal.restore()
        for problem in damaged { logger.warning("checkpoint left out", metadata: ["problem": "\(problem)"]) }
        let definition = await journal.definition
        guard !definition.isFinished(checkpoint) else { return try await reportFinished(checkpoint, journal) }
        // It may have been given more steps.
        if resume { try AtomicFile.write(preparation.resolved.yaml(), to: folder.configurationPath) }
        if checkpoint.step > 0 { try await journal.say("going on after step \(checkpoint.step)") }

        let coordinator = Coordinator(
            definition: definition, checkpoint: checkpoint, journal: journal, transport: transport, logger: logger)
        signals.tell { reason in
            console.say("\(reason): stopping; what was accepted is safe (again: stop at once)")
            Task { await coordinator.stop() }
        }
        console.say("run folder \(folder.path)")
        console.say("listening on \(transport.endpoint); more workers: t2-worker join \(transport.endpoint)")
        let workers = try await startLocalWorkers(folder, coordinator)
        let outcome: RunOutcome
        do {
            outcome = try await coordinator.run()
        } catch {
            await workers?.stop()
            try? await journal.close()
            throw error
        }
        await workers?.stop()
        try await report(outcome, journal)
        try await journal.close()
    }

    private func startLocalWorkers(_ folder: RunFolder, _ coordinator: Coordinator) async throws -> LocalWorkers? {
        guard localWorkers > 0 else { return nil }
        let plan = LocalWorkers.Plan(
            count: localWorkers, program: LocalWorkers.installedProgram, endpoint: transport.endpoint,
            model: preparation.definition.configuration.model, taskFolder: preparation.task.own?.folder,
            isolation: isolation, logFolder: folder.path)
        let workers = LocalWorkers(plan: plan, logger: logger) { await coordinator.fail($0) }
        try await workers.start()
        return workers
    }

    /// Says what was said when the run ended; its folder stays as it is.
    private func reportFinished(_ checkpoint: Checkpoint, _ journal: RunJournal) async throws {
        let summary = try await journal.summary(of: checkpoint)
        console.say(
            "this run is finished; nothing was changed" + (summary.endedEarly ? "" : " (for more steps: --steps N)"))
        for line in summary.lines(folder: journal.folder, configuration: preparation.definition.configuration) {
            console.say(line)
        }
        try await journal.close()
    }

    private func report(_ outcome: RunOutcome, _ journal: RunJournal) async throws {
        switch outcome {
        case .finished(let summary):
            for line in summary.lines(folder: journal.folder, configuration: preparation.definition.configuration) {
                try await journal.say(line)
            }
        case .interrupted(let step):
            try await journal.say(
                RunConsole.interruption(step: step, steps: preparation.definition.configuration.steps))
            console.say("go on with: t2-coord start --resume --run-dir \(RunSummary.quoted(journal.folder.path))")
        }
    }
}
