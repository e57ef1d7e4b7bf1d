import Logging
import T2Coordinator
import T2Core
import T2Jobs
import T2Tasks
import T2Transport

/// A coordinator's life: it listens, starts its own workers, has jobs computed, and sends everyone home.
struct ClusterHost: Sendable {
    private let options: HostOptions
    private let model: JobModel
    private let taskFolders: [String]
    private let say: @Sendable (String) -> Void
    private let logger: Logger
    private let transport: ZeroMQCoordinatorTransport

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - taskFolders: of tasks of the user's own, for workers that this coordinator starts.
    ///   - say: takes lines for people.
    init(
        _ options: HostOptions, model: JobModel, taskFolders: [String], say: @escaping @Sendable (String) -> Void
    ) throws {
        self.options = options
        self.model = model
        self.taskFolders = taskFolders
        self.say = say
        logger = options.logger
        transport = try ZeroMQCoordinatorTransport.listen(on: options.bind)
    }

    /// Stops to listen without ever having served.
    func close() async { await transport.close() }

    /// - Parameter logFolder: where the logs of local workers go.
    func serve<Result: Sendable>(
        logFolder: String, signals: StopSignals, _ body: @escaping @Sendable (Dispatcher) async throws -> Result
    ) async throws -> Result {
        let dispatcher = Dispatcher(model: model, transport: transport, logger: logger)
        signals.tell { [say] reason in
            say("\(reason): stopping; what was accepted is safe (again: stop at once)")
            Task { await dispatcher.stop() }
        }
        say("listening on \(transport.endpoint); more workers: t2-worker join \(transport.endpoint)")
        do {
            let workers = try await startLocalWorkers(logFolder, dispatcher)
            do {
                let result = try await dispatcher.serve(farewell: { _ in "the work is done" }) {
                    try await body(dispatcher)
                }
                await workers?.stop()
                await transport.close()
                return result
            } catch {
                await workers?.stop()
                throw error
            }
        } catch {
            await transport.close()
            throw error
        }
    }

    private func startLocalWorkers(_ logFolder: String, _ dispatcher: Dispatcher) async throws -> LocalWorkers? {
        guard options.localWorkers > 0 else { return nil }
        let plan = LocalWorkers.Plan(
            count: options.localWorkers, program: LocalWorkers.installedProgram, endpoint: transport.endpoint,
            model: model.path, taskFolders: taskFolders, isolation: options.verification.isolation,
            logFolder: logFolder)
        let workers = LocalWorkers(plan: plan, logger: logger) { await dispatcher.fail($0) }
        try await workers.start()
        return workers
    }
}
