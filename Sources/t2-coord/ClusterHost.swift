import Logging
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs
import T2Monitor
import T2Numerics
import T2Tasks
import T2Transport
import T2Version

/// A running coordinator: it listens, starts local workers, serves jobs, and releases all workers at the end.
struct ClusterHost: Sendable {
    private let options: HostOptions
    private let model: JobModel
    private let layouts: [ExpertLayout]
    private let tasks: [TrainingTask]
    private let say: @Sendable (String) -> Void
    private let logger: Logger
    private let transport: ZeroMQCoordinatorTransport
    /// The invitation of local workers, if joining needs one.
    private let localInvitation: LocalInvitation?

    /// Starts listening.
    ///
    /// - Parameters:
    ///   - gradientCount: the values of the largest gradient that a worker may send.
    ///   - layouts: the matrices whose decompositions workers need.
    ///   - tasks: the tasks whose completions are judged; workers must have the same versions.
    ///   - say: prints a line.
    init(
        _ options: HostOptions, model: JobModel, gradientCount: Int, layouts: [ExpertLayout],
        tasks: [TrainingTask], say: @escaping @Sendable (String) -> Void
    ) throws {
        self.options = options
        self.model = model
        self.layouts = layouts
        self.tasks = tasks
        self.say = say
        logger = options.logger
        try options.monitor.check()
        try Monitor.prepare(for: options.monitor)
        var settings = ZeroMQOptions()
        settings.largestReceived = MessageLimits.messageBytes(gradientCount: gradientCount)
        // A local worker's process costs its standard input and its log.
        settings.connectionLimit = OpenFiles.connectionLimit(besides: 2 * options.localWorkers)
        let invitation = try options.keyFolder().map { try LocalInvitation($0) }
        localInvitation = invitation
        transport = try ZeroMQCoordinatorTransport.listen(
            on: options.endpoints, admission: invitation?.admission, options: settings)
    }

    /// Stops local workers and listening. `serve` does it by itself.
    func close(_ workers: LocalWorkers? = nil) async {
        await workers?.stop()
        await transport.close()
        localInvitation?.remove()
    }

    /// - Parameters:
    ///   - logFolder: the folder for the logs of local workers.
    ///   - runs: the runs that the monitor follows.
    ///   - tensorBoard: the folder for their event files, if any.
    func serve<Result: Sendable>(
        logFolder: String, runs: [Monitor.Run] = [], tensorBoard: String? = nil, signals: StopSignals,
        _ body: @escaping @Sendable (Dispatcher) async throws -> Result
    ) async throws -> Result {
        let dispatcher = Dispatcher(
            model: model, transport: transport, logger: logger, taskVersions: TrainingTask.versions(tasks),
            files: ModelServer(modelFiles, rate: options.modelRate.map { $0 * 1e6 }, logger: logger))
        let stop: @Sendable (String) -> Void = { [say] reason in
            say("\(reason): stopping; accepted results are safe (a second signal stops at once)")
            Task { await dispatcher.stop() }
        }
        signals.tell(stop)
        let monitor = Monitor(dispatcher, program: ProgramVersion.text(of: "t2-coord"), logger: logger) {
            stop("t2-coord stop")
        }
        let endpoints = transport.endpoints.joined(separator: ", ")
        say(
            localInvitation == nil
                ? "listening on \(endpoints); more workers: t2-worker join \(transport.endpoint)"
                : "listening on \(endpoints); workers need an invitation: t2-coord invite NAME > NAME.invite")
        var workers: LocalWorkers?
        do {
            for run in runs { try await monitor.observe(run, tensorBoard: tensorBoard) }
            let (page, isPaused) = try await monitor.begin(on: options.monitor)
            if let page { say("monitor \(page)") }
            if isPaused { say("paused, as before this start; t2-coord resume grants leases again") }
            workers = try await startLocalWorkers(logFolder, dispatcher)
            let result = try await dispatcher.serve { try await body(dispatcher) }
            await monitor.end()
            await close(workers)
            return result
        } catch {
            await monitor.end()
            await close(workers)
            throw error
        }
    }

    /// The files of the base model, and its decompositions in the cache that the workers on this machine use too.
    private var modelFiles: ModelFiles {
        ModelFiles(model) { [model, layouts] in
            let cache = SingularValueCache()
            guard !layouts.isEmpty, !cache.isEmpty else { return [] }
            let layout = ExpertLayout(entries: layouts.flatMap(\.entries))
            let weights = WeightDecomposition(try BaseModelFolder(path: model.path), layout: layout, cache: cache)
            return try weights.keys().map { ($0, cache.path($0)) }
        }
    }

    private func startLocalWorkers(_ logFolder: String, _ dispatcher: Dispatcher) async throws -> LocalWorkers? {
        guard options.localWorkers > 0 else { return nil }
        let plan = LocalWorkers.Plan(
            count: options.localWorkers, program: LocalWorkers.installedProgram,
            endpoint: try localInvitation?.write(for: transport.endpoint) ?? transport.endpoint,
            model: model.path, weights: model.weights, taskFolders: tasks.compactMap(\.own?.folder),
            isolation: options.verification.isolation,
            logFolder: logFolder)
        let workers = LocalWorkers(plan: plan, logger: logger) { await dispatcher.fail($0) }
        try await workers.start()
        return workers
    }
}
