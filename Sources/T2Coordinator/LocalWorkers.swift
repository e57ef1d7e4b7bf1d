import Foundation
import Logging
import T2Core

/// Workers that the coordinator itself starts on its machine: child processes, watched, restarted when they crash, and ended
/// with it.
///
/// Each holds the read end of a pipe as its standard input and leaves when that ends: even after kill -9 of the coordinator
/// no worker is left behind.
package actor LocalWorkers {
    package struct Plan: Sendable {
        package let count: Int
        /// The `t2-worker` executable.
        package let program: String
        package let endpoint: String
        package let model: String
        /// Where `worker-1.log` and so on go.
        package let logFolder: String

        package init(count: Int, program: String, endpoint: String, model: String, logFolder: String) {
            self.count = count
            self.program = program
            self.endpoint = endpoint
            self.model = model
            self.logFolder = logFolder
        }

        /// Cores are shared out, so that the workers do not slow each other down.
        package func arguments(
            worker number: Int, start: Int = 1, cores: Int = ProcessInfo.processInfo.activeProcessorCount
        )
            -> [String]
        {
            [
                "join", endpoint, "--model", model, "--lanes", String(max(1, cores / count)), "--name",
                start == 1 ? "local-\(number)" : "local-\(number).\(start)",
                "--until-input-ends",
            ]
        }

        package func logPath(worker number: Int) -> String { "\(logFolder)/worker-\(number).log" }
    }

    private struct Child {
        let process: Process
        /// Closing it asks the worker to leave.
        let input: Pipe
    }

    /// Time for leaving before a worker is killed.
    private static let farewell: Duration = .seconds(10)

    private let plan: Plan
    private let logger: Logger
    private let giveUp: @Sendable (any Error) async -> Void
    private var children: [Int: Child] = [:]
    private var policies: [Int: RestartPolicy] = [:]
    private var starts: [Int: Int] = [:]
    private var isStopping = false
    private var allEnded: CheckedContinuation<Void, Never>?

    /// - Parameter giveUp: told the reason when a worker has crashed too often.
    package init(plan: Plan, logger: Logger, giveUp: @escaping @Sendable (any Error) async -> Void) {
        self.plan = plan
        self.logger = logger
        self.giveUp = giveUp
    }

    /// - Throws: `InputError` if the program is not there; what starting a process throws.
    package func start() throws {
        guard FileManager.default.isExecutableFile(atPath: plan.program) else {
            throw InputError(
                plan.program, "no such program, needed for --local-workers",
                remedy: "Build it (swift build -c release), or leave out --local-workers and start t2-worker yourself.",
                exitStatus: .noInput)
        }
        for number in 1...plan.count { try launch(number) }
    }

    /// Ends all of them and waits until they are gone.
    package func stop() async {
        isStopping = true
        for child in children.values { try? child.input.fileHandleForWriting.close() }
        guard !children.isEmpty else { return }
        let killing = Task { [self] in
            try await Task.sleep(for: Self.farewell)
            kill()
        }
        await withCheckedContinuation { allEnded = $0 }
        killing.cancel()
    }

    private func kill() {
        for (number, child) in children {
            logger.warning("local worker does not leave; killed", metadata: ["worker": "local-\(number)"])
            _ = Foundation.kill(child.process.processIdentifier, SIGKILL)
        }
    }

    private func launch(_ number: Int) throws {
        let log = Foundation.open(plan.logPath(worker: number), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw SystemError("create", plan.logPath(worker: number)) }
        let output = FileHandle(fileDescriptor: log, closeOnDealloc: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: plan.program)
        // A name of its own for each start: the coordinator may not have noticed yet that the one before is gone.
        starts[number, default: 0] += 1
        process.arguments = plan.arguments(worker: number, start: starts[number, default: 1])
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
        children[number] = Child(process: process, input: input)
        logger.info(
            "local worker started",
            metadata: [
                "worker": "local-\(number)", "process": "\(process.processIdentifier)",
                "log": "\(plan.logPath(worker: number))",
            ])
    }

    private func ended(_ number: Int, status: Int32, isSignal: Bool) async {
        children[number] = nil
        if isStopping {
            if children.isEmpty { allEnded?.resume() }
            return
        }
        let how = isSignal ? "killed by signal \(status)" : "ended with status \(status)"
        guard isSignal || status != 0 else {
            logger.info("local worker left", metadata: ["worker": "local-\(number)"])
            return
        }
        guard policies[number, default: RestartPolicy()].mayRestart(at: .now) else {
            return await giveUp(LocalWorkerError(number: number, how: how, log: plan.logPath(worker: number)))
        }
        logger.warning(
            "local worker crashed; starting it again", metadata: ["worker": "local-\(number)", "problem": "\(how)"])
        do { try launch(number) } catch { await giveUp(error) }
    }
}
