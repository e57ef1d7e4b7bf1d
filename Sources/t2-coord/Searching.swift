import Logging
import T2Coordinator
import T2Core
import T2Learning
import T2Transport

/// One search from its folder to its outcome: puts the coordinator, the journal and the local workers together.
struct Searching {
    let definition: SearchDefinition
    let runFolder: String
    let resume: Bool
    let localWorkers: Int
    let transport: ZeroMQCoordinatorTransport
    let say: @Sendable (String) -> Void
    let logger: Logger

    /// - Returns: nil if it was stopped before its end.
    func run(signals: StopSignals) async throws -> FewShotSearch.Outcome? {
        let folder = try RunFolder(path: runFolder, resume: resume)
        let journal = try SearchJournal(definition, folder: folder, resume: resume)
        let coordinator = SearchCoordinator(definition, journal: journal, transport: transport, logger: logger)
        signals.tell { [say] reason in
            say("\(reason): stopping; what was accepted is safe (again: stop at once)")
            Task { await coordinator.stop() }
        }
        say("run folder \(folder.path)")
        say("listening on \(transport.endpoint); more workers: t2-worker join \(transport.endpoint)")
        let workers = try await startLocalWorkers(folder, coordinator)
        let outcome: FewShotSearch.Outcome?
        do {
            outcome = try await coordinator.run { [say, definition] in say(Self.line($0, definition)) }
        } catch {
            await workers?.stop()
            try? journal.close()
            throw error
        }
        await workers?.stop()
        try journal.close()
        if outcome == nil { say("stopped; go on with the same command, --resume and --run-dir \(folder.path)") }
        return outcome
    }

    private func startLocalWorkers(_ folder: RunFolder, _ coordinator: SearchCoordinator) async throws -> LocalWorkers?
    {
        guard localWorkers > 0 else { return nil }
        let plan = LocalWorkers.Plan(
            count: localWorkers, program: LocalWorkers.installedProgram, endpoint: transport.endpoint,
            model: definition.modelPath, logFolder: folder.path)
        let workers = LocalWorkers(plan: plan, logger: logger) { await coordinator.fail($0) }
        try await workers.start()
        return workers
    }

    /// `iteration  3/50  best 8 of 10 right, log-likelihood -3.214  rollouts 960`
    private static func line(_ iteration: FewShotSearch.Iteration, _ definition: SearchDefinition) -> String {
        let total = String(definition.settings.iterations)
        let number = String(iteration.iteration)
        let likelihood = iteration.best.logLikelihood.map { String(format: ", log-likelihood %.3f", $0) } ?? ""
        return "iteration \(String(repeating: " ", count: total.count - number.count))\(number)/\(total)"
            + "  best \(iteration.best.right) of \(definition.shots.count) right\(likelihood)"
            + "  rollouts \(iteration.rollouts)"
    }
}
