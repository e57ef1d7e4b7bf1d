import Logging
import T2Coordinator
import T2Core
import T2Learning
import T2Tasks
import T2Transport

/// Hands a job's units out.
protocol JobCoordinator: Sendable {
    func stop() async
    func fail(_ error: any Error) async
}

extension SearchCoordinator: JobCoordinator {}
extension EvaluationCoordinator: JobCoordinator {}

/// One job on the cluster from its folder to what it finds: puts the coordinator, the journal and the local workers together.
struct ClusterJob {
    let name: String
    let runFolder: String
    private let options: ClusterOptions
    private let taskFolder: String?
    private let say: @Sendable (String) -> Void
    private let logger: Logger

    /// Checks what is quickly found wrong, before anything is loaded.
    ///
    /// - Parameter command: the job's, for the name of a folder of its own.
    init(_ options: ClusterOptions, command: String, task: TrainingTask, console: Console) throws {
        _ = try Endpoint(listening: options.host.bind)
        runFolder = options.runFolder ?? RunOptions.freshFolder(named: "\(command)-\(task.name)")
        name = RunFolder.name(path: runFolder)
        try RunFolder.check(path: runFolder, resume: options.resume)
        if options.host.localWorkers > 0 {
            try LocalWorkers.requireProgram(LocalWorkers.installedProgram)
            _ = try options.host.verification.verifier(parallelism: 1, for: [task])
        }
        self.options = options
        taskFolder = task.own?.folder
        // Standard output is for the one object.
        let isJSON = options.json
        say = { isJSON ? StandardError.write($0 + "\n") : console.say($0) }
        logger = options.host.logger
    }

    /// - Parameters:
    ///   - open: the journal in the folder, and the coordinator that hands out.
    ///   - find: runs the coordinator; nil if it was stopped before its end.
    func run<Coordinator: JobCoordinator, Found: Sendable>(
        model: String, signals: StopSignals,
        open: (RunFolder, ZeroMQCoordinatorTransport, Logger) throws -> (JobJournal, Coordinator),
        find: (Coordinator, @escaping @Sendable (String) -> Void) async throws -> Found?
    ) async throws -> Found? {
        let transport = try ZeroMQCoordinatorTransport.listen(on: options.host.bind)
        do {
            let found = try await work(transport, model: model, signals: signals, open: open, find: find)
            await transport.close()
            return found
        } catch {
            await transport.close()
            throw error
        }
    }

    private func work<Coordinator: JobCoordinator, Found: Sendable>(
        _ transport: ZeroMQCoordinatorTransport, model: String, signals: StopSignals,
        open: (RunFolder, ZeroMQCoordinatorTransport, Logger) throws -> (JobJournal, Coordinator),
        find: (Coordinator, @escaping @Sendable (String) -> Void) async throws -> Found?
    ) async throws -> Found? {
        let folder = try RunFolder(path: runFolder, resume: options.resume)
        let (journal, coordinator) = try open(folder, transport, logger)
        signals.tell { [say] reason in
            say("\(reason): stopping; what was accepted is safe (again: stop at once)")
            Task { await coordinator.stop() }
        }
        say("run folder \(folder.path)")
        say("listening on \(transport.endpoint); more workers: t2-worker join \(transport.endpoint)")
        let workers = try await startLocalWorkers(folder, transport.endpoint, model: model, coordinator)
        let found: Found?
        do {
            found = try await find(coordinator, say)
        } catch {
            await workers?.stop()
            try? journal.close()
            throw error
        }
        await workers?.stop()
        try journal.close()
        if found == nil { say("stopped; go on with the same command, --resume and --run-dir \(folder.path)") }
        return found
    }

    private func startLocalWorkers(
        _ folder: RunFolder, _ endpoint: String, model: String, _ coordinator: some JobCoordinator
    ) async throws -> LocalWorkers? {
        guard options.host.localWorkers > 0 else { return nil }
        let plan = LocalWorkers.Plan(
            count: options.host.localWorkers, program: LocalWorkers.installedProgram, endpoint: endpoint,
            model: model, taskFolder: taskFolder, isolation: options.host.verification.isolation, logFolder: folder.path
        )
        let workers = LocalWorkers(plan: plan, logger: logger) { await coordinator.fail($0) }
        try await workers.start()
        return workers
    }
}

extension FewShotSearch.Iteration {
    /// `iteration  3/50  best 8 of 10 right, log-likelihood -3.214  rollouts 960`
    func line(of definition: SearchDefinition) -> String {
        let total = String(definition.settings.iterations)
        let number = String(iteration)
        let likelihood = best.logLikelihood.map { String(format: ", log-likelihood %.3f", $0) } ?? ""
        return "iteration \(String(repeating: " ", count: total.count - number.count))\(number)/\(total)"
            + "  best \(best.right) of \(definition.shots.count) right\(likelihood)  rollouts \(rollouts)"
    }
}
