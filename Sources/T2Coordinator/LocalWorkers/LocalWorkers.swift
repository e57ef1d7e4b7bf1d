import Foundation
import Logging
import T2Core
import T2Sandbox
import T2Tasks

/// Workers that the coordinator starts as child processes on its machine. It restarts crashed ones after growing
/// pauses, and ends all of them when it ends.
///
/// Each worker holds the read end of a pipe as its standard input and leaves when that ends, so that no worker survives the
/// coordinator, even after kill -9.
package actor LocalWorkers {
    package struct Plan: Sendable {
        package let count: Int
        /// The `t2-worker` executable.
        package let program: String
        package let endpoint: String
        package let model: String
        package let weights: WeightType
        /// The folders of the user's own tasks.
        package let taskFolders: [String]
        package let isolation: ProgramIsolation
        /// The folder for `worker-1.log` and so on.
        package let logFolder: String

        package init(
            count: Int, program: String, endpoint: String, model: String, weights: WeightType = .float32,
            taskFolders: [String] = [], isolation: ProgramIsolation = .bubblewrap, logFolder: String
        ) {
            self.taskFolders = taskFolders
            self.isolation = isolation
            self.count = count
            self.program = program
            self.endpoint = endpoint
            self.model = model
            self.weights = weights
            self.logFolder = logFolder
        }

        /// The arguments of a worker. The workers share the cores, so that they do not slow each other down.
        package func arguments(worker number: Int, start: Int = 1, cores: Int = MachineResources().cores) -> [String] {
            [
                "join", endpoint, "--model", model, "--weights", weights.rawValue, "--cores",
                String(max(1, cores / count)), "--name", name(worker: number, start: start), "--until-input-ends",
            ] + taskFolders.flatMap { ["--task-folder", $0] } + (isolation == .none ? ["--unsafe-no-sandbox"] : [])
        }

        /// The name of a worker. It differs for each start, because the coordinator may not have noticed the crash yet.
        func name(worker number: Int, start: Int) -> String {
            start == 1 ? "local-\(number)" : "local-\(number).\(start)"
        }

        package func logPath(worker number: Int) -> String { "\(logFolder)/worker-\(number).log" }
    }

    private struct Child {
        let process: Process
        let name: String
        /// The worker's standard input; closing it asks the worker to leave.
        let input: Pipe
        let started = ContinuousClock.now
    }

    /// The time to leave before a worker is killed; a worker normally takes less.
    private static let farewell: Duration = .seconds(5)
    /// The time to wait for killed processes to end.
    private static let burial: Duration = .seconds(5)

    private let plan: Plan
    private let logger: Logger
    private let wait: @Sendable (Duration) async throws -> Void
    private let giveUp: @Sendable (any Error) async -> Void
    private var children: [Int: Child] = [:]
    /// Pending restarts of crashed workers.
    private var restarts: [Int: Task<Void, any Error>] = [:]
    private var policies: [Int: RestartBackoff] = [:]
    private var starts: [Int: Int] = [:]
    private var isStopping = false
    private var allEnded: CheckedContinuation<Void, Never>?

    /// - Parameters:
    ///   - wait: waits for the pause before a restart.
    ///   - giveUp: receives the reason when a worker has crashed too often.
    package init(
        plan: Plan, logger: Logger,
        wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        giveUp: @escaping @Sendable (any Error) async -> Void
    ) {
        self.plan = plan
        self.logger = logger
        self.wait = wait
        self.giveUp = giveUp
    }

    /// The `t2-worker` that was built with the running program.
    package static var installedProgram: String { BundledExample.programFolder + "/t2-worker" }

    /// - Throws: `InputError` if there is no executable at this path.
    package static func requireProgram(_ path: String) throws {
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw InputError(
                path, "no such program, needed for --local-workers",
                remedy: "Build it (swift build -c release), or leave out --local-workers and start t2-worker yourself.",
                exitStatus: .noInput)
        }
    }

    /// - Throws: `InputError` if the program does not exist; errors of starting a process.
    package func start() throws {
        try Self.requireProgram(plan.program)
        for number in 1...plan.count { try launch(number) }
    }

    /// Ends all workers and waits for them for a bounded time.
    package func stop() async {
        isStopping = true
        for restart in restarts.values { restart.cancel() }
        for child in children.values { try? child.input.fileHandleForWriting.close() }
        guard !children.isEmpty else { return }
        let killing = Task { [self] in
            try await Task.sleep(for: Self.farewell)
            kill()
            try await Task.sleep(for: Self.burial)
            endStop()
        }
        await withCheckedContinuation { allEnded = $0 }
        killing.cancel()
    }

    private func kill() {
        for child in children.values {
            logger.warning("local worker did not leave; killed", metadata: ["worker": "\(child.name)"])
            _ = Foundation.kill(child.process.processIdentifier, SIGKILL)
        }
    }

    private func endStop() {
        allEnded?.resume()
        allEnded = nil
    }

    private func launch(_ number: Int) throws {
        let log = OpenFiles.open(plan.logPath(worker: number), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw SystemError("create", plan.logPath(worker: number)) }
        let output = FileHandle(fileDescriptor: log, closeOnDealloc: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: plan.program)
        starts[number, default: 0] += 1
        let start = starts[number, default: 1]
        process.arguments = plan.arguments(worker: number, start: start)
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        process.terminationHandler = { ended in
            let status = ended.terminationStatus
            let isSignal = ended.terminationReason == .uncaughtSignal
            Task { await self.ended(number, status: status, isSignal: isSignal) }
        }
        try process.run()
        let child = Child(process: process, name: plan.name(worker: number, start: start), input: input)
        children[number] = child
        logger.info(
            "local worker started",
            metadata: [
                "worker": "\(child.name)", "process": "\(process.processIdentifier)",
                "log": "\(plan.logPath(worker: number))",
            ])
    }

    private func ended(_ number: Int, status: Int32, isSignal: Bool) async {
        guard let child = children.removeValue(forKey: number) else { return }
        if isStopping {
            if children.isEmpty { endStop() }
            return
        }
        guard isSignal || status != 0 else {
            logger.info("local worker left", metadata: ["worker": "\(child.name)"])
            return
        }
        let how =
            isSignal
            ? "killed by signal \(status) (\(String(cString: strsignal(status))))" : "ended with status \(status)"
        guard let pause = policies[number, default: RestartBackoff()].pause(afterLife: .now - child.started) else {
            return await giveUp(LocalWorkerError(number: number, how: how, log: plan.logPath(worker: number)))
        }
        logger.warning(
            "local worker crashed; it is restarted after a pause",
            metadata: ["worker": "\(child.name)", "problem": "\(how)", "pause": "\(pause.inSeconds)"])
        restarts[number] = Task { [self] in
            try await wait(pause)
            await restart(number)
        }
    }

    private func restart(_ number: Int) async {
        restarts[number] = nil
        guard !isStopping else { return }
        do { try launch(number) } catch { await giveUp(error) }
    }
}
