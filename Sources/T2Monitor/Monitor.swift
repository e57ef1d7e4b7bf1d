import Foundation
import Logging
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs

/// Observes a dispatcher and the run folders of its runs, for operators: an HTTP server and TensorBoard's event files show what
/// it sees.
///
/// Nothing of the runs waits for it: it takes snapshots, at most two a second however many clients ask, and reads the runs'
/// databases through connections of its own. What it cannot read or write is logged, and ends nothing.
package actor Monitor {
    /// A run that may be observed.
    package struct Run: Sendable {
        /// As the units of the run name it.
        package let name: String
        /// The run folder; nil if the results stay in memory.
        package let folder: String?
        /// The number of updates to make; nil for other kinds of jobs.
        package let steps: Int?

        package init(name: String, folder: String?, steps: Int? = nil) {
            self.name = name
            self.folder = folder
            self.steps = steps
        }
    }

    /// How long the load of each second is kept, in seconds.
    private static let remembered = 600
    private static let shortestInterval: Duration = .milliseconds(500)

    private let dispatcher: Dispatcher
    private let program: String
    private let logger: Logger
    private let stopJobs: @Sendable () -> Void
    private let start = ContinuousClock.now
    private var runs: [ObservedRun] = []
    /// The last problem of each run.
    private var problems: [String: String] = [:]
    private var load: [HistoryReport.Load] = []
    private var latest: (snapshot: DispatcherSnapshot, time: ContinuousClock.Instant)?
    private var pending: Task<DispatcherSnapshot, Never>?
    private var observing: Task<Void, Never>?
    private var server: MonitorServer?

    /// - Parameters:
    ///   - program: the program's name and version.
    ///   - stopJobs: asks the jobs to stop, as a first signal does.
    package init(
        _ dispatcher: Dispatcher, program: String, logger: Logger, stopJobs: @escaping @Sendable () -> Void
    ) {
        self.dispatcher = dispatcher
        self.program = program
        self.logger = logger
        self.stopJobs = stopJobs
    }

    /// Takes the descriptors that a server needs, before connections of workers may take the last ones.
    ///
    /// - Throws: `InputError` (unavailable) if the system lets this process start too few threads.
    package static func prepare(for address: MonitorAddress) throws {
        if case .on = address { try MonitorServer.prepare() }
    }

    /// - Parameter tensorBoard: the folder for TensorBoard's event files; each run has a folder in it.
    package func observe(_ run: Run, tensorBoard: String? = nil) throws {
        let events = try tensorBoard.map { try EventFile(folder: "\($0)/\(run.name)") }
        runs.append(ObservedRun(run: run, events: events))
    }

    /// Begins to observe, and to listen unless the address is off: no command could resume a paused run then, so that a pause
    /// ends.
    ///
    /// - Returns: the address of the page, and whether the jobs are paused, as they were when their coordinator ended.
    /// - Throws: `InputError` if the address cannot be used.
    package func begin(on address: MonitorAddress) async throws -> (url: String?, isPaused: Bool) {
        var url: String?
        var isPaused = false
        if case .on(let host, let port) = address {
            isPaused = pauseFiles.contains { FileManager.default.fileExists(atPath: $0) }
            if isPaused { try await dispatcher.setPaused(true) }
            let server = try await MonitorServer(
                self, host: host, port: port, isOpen: address.isLoopback,
                folders: runs.compactMap(\.run.folder), logger: logger)
            self.server = server
            url = server.url
        } else {
            for path in pauseFiles { unlink(path) }
        }
        observing = Task { [weak self] in
            while !Task.isCancelled {
                await self?.look()
                try? await Task.sleep(for: .seconds(1))
            }
        }
        return (url, isPaused)
    }

    /// Ends observing and listening, and writes the last events.
    package func end() async {
        observing?.cancel()
        await observing?.value
        await server?.close()
        refresh(writesEvents: true)
    }

    private func look() async {
        let snapshot = await snapshot()
        load.append(
            HistoryReport.Load(
                time: (ContinuousClock.now - start).seconds, lanes: snapshot.lanes, lanesBusy: snapshot.lanesBusy,
                tokensPerSecond: snapshot.workers.reduce(0) { $0 + $1.tokensPerSecond }))
        if load.count > Self.remembered { load.removeFirst(load.count - Self.remembered) }
        refresh(writesEvents: true)
    }

    private func snapshot() async -> DispatcherSnapshot {
        if let latest, ContinuousClock.now - latest.time < Self.shortestInterval { return latest.snapshot }
        let task =
            pending
            ?? Task { [dispatcher] in
                var snapshot = await dispatcher.snapshot()
                snapshot.leases.sort { $0.sinceSeconds > $1.sinceSeconds }
                return snapshot
            }
        pending = task
        let snapshot = await task.value
        if pending == task {
            pending = nil
            latest = (snapshot, .now)
        }
        return snapshot
    }

    /// Forgets snapshots from before an action.
    private func forget() { (latest, pending) = (nil, nil) }

    private func refresh(writesEvents: Bool) {
        for index in runs.indices {
            let name = runs[index].run.name
            do {
                try runs[index].refresh(writesEvents: writesEvents)
                if writesEvents { problems[name] = nil }
            } catch {
                // A disk that stays full is logged once.
                guard problems.updateValue("\(error)", forKey: name) != "\(error)" else { continue }
                logger.warning("the monitor cannot follow a run", metadata: ["run": "\(name)", "problem": "\(error)"])
            }
        }
    }

    // MARK: - Reports

    package func status() async -> StatusReport {
        let snapshot = await snapshot()
        refresh(writesEvents: false)
        var reports = runs.map { observed in
            observed.report(round: snapshot.runs.first { $0.name == observed.run.name })
        }
        let known = Set(reports.map(\.name))
        for round in snapshot.runs where !known.contains(round.name) {
            let run = ObservedRun(run: Run(name: round.name, folder: nil), events: nil)
            reports.append(run.report(round: round))
        }
        return StatusReport(
            program: program, process: getpid(), upSeconds: (ContinuousClock.now - start).seconds,
            endpoint: snapshot.endpoint, isPaused: snapshot.isPaused, isStopping: snapshot.isStopping, runs: reports,
            workers: snapshot.workers, refusals: snapshot.refusals, leases: snapshot.leases,
            quietSeconds: snapshot.quietSeconds,
            lanes: snapshot.lanes, lanesBusy: snapshot.lanesBusy, counts: snapshot.counts)
    }

    func history() -> HistoryReport {
        refresh(writesEvents: false)
        return HistoryReport(runs: runs.map(\.history), load: load)
    }

    /// - Parameter run: the name of a run; nil selects all.
    func rollouts(run: String?, _ selection: CompletionRecord.Selection, limit: Int) throws -> RolloutsReport {
        var report = RolloutsReport()
        for observed in runs where run ?? observed.run.name == observed.run.name {
            try observed.add(selection, limit: limit, to: &report)
        }
        return report
    }

    // MARK: - Actions

    func drain(_ worker: String) async throws -> ActionReport {
        switch try await dispatcher.drain(worker) {
        case .draining(let leases):
            forget()
            return ActionReport(message: "worker \(worker) finishes \(leases) leases and leaves")
        case .unknown(let present):
            let others = present.isEmpty ? "no worker" : present.prefix(50).joined(separator: ", ")
            throw InputError(
                "worker '\(worker)'", "is not here; here are: \(others)", remedy: "Give the name of one that is.")
        }
    }

    /// The files whose existence says that the runs are paused, so that a coordinator started anew knows it.
    private var pauseFiles: [String] { runs.compactMap(\.run.folder).map { $0 + "/paused" } }

    func setPaused(_ isPaused: Bool) async throws -> ActionReport {
        try await dispatcher.setPaused(isPaused)
        for path in pauseFiles {
            if isPaused { try AtomicFile.write("", to: path) } else { unlink(path) }
        }
        forget()
        return ActionReport(
            message: isPaused
                ? "paused: current leases finish, and none are granted until t2-coord resume"
                : "leases are granted again")
    }

    func stop() {
        logger.info("stopping at an operator's request")
        stopJobs()
    }
}
