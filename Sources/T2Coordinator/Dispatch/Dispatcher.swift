import Logging
import T2Core
import T2Jobs
import T2Transport

/// Hands out the rounds of one or several jobs to workers. Each unit is accepted once, and is durable before its worker
/// receives the acknowledgement.
///
/// A pure value, `LeaseTable`, decides which worker gets which unit; this actor carries out its effects.
package actor Dispatcher {
    /// The limits at which leases end and units are given up.
    package struct Limits: Sendable {
        package var leases = LeaseLimits()
        /// The number of attempts at a unit with missing rewards before a job that reports missing rewards accepts it.
        package var missingAttempts = 3
        /// The time between two clock ticks; it is longer while an event is handled.
        package var tick: Duration = .milliseconds(250)
        /// The time to wait for the BYE of leaving workers. One that does not answer is told to leave when it connects again.
        package var farewell: Duration = .seconds(2)
        /// The time without a second worker at work after which an audited unit is accepted without an audit.
        package var auditPatience: Duration = .seconds(30)
        /// The time after which an audited unit is accepted without an audit although workers are at work, unless ten times its usual
        /// duration is longer.
        package var longestAudit: Duration = .seconds(600)

        package init() {}

        /// The limits for a worker in the same process, which cannot disconnect and where a failed unit would fail again.
        package static var oneProcess: Limits {
            var limits = Limits()
            limits.leases.minimumLength = .seconds(86_400)
            limits.leases.failuresToPoison = 1
            limits.leases.mostFailures = 1
            limits.missingAttempts = 1
            return limits
        }
    }

    /// A round that is being handed out.
    struct OpenRound {
        let round: Round
        let journal: RunJournal
        let allowsMissing: Bool
        let audited: Set<UnitKey>
        var progress: RoundProgress
        let onProgress: @Sendable (RoundProgress) -> Void
        /// Whether every unit is accepted; the last ones may not be durable yet.
        var isCompleted = false
        /// The ending of the round: whether it is complete, or the error that ended it.
        var ending: Result<Bool, any Error>?
        var waiting: CheckedContinuation<Bool, any Error>?
    }

    /// The largest number of accepted results that are committed together, and values of their gradients.
    private static let (largestCommit, largestCommitValues) = (256, 16 << 20)
    /// The largest number of messages that are sent together.
    private static let largestSend = 64

    let model: JobModel
    let transport: any CoordinatorTransport
    let logger: Logger
    let limits: Limits
    /// The versions of the tasks of all jobs, by name.
    let taskVersions: [String: String]
    let now: @Sendable () -> ContinuousClock.Instant
    let epoch: UInt64
    /// Hands out the model's files; nil if workers must have them.
    let files: ModelServer?

    var table: LeaseTable
    var roster = WorkerRoster()
    var notices = PeerNotices()
    /// The number of messages since this coordinator's start that could not be decoded.
    var malformedCount = 0
    /// The open rounds by the name of their run.
    var rounds: [String: OpenRound] = [:]
    /// Accepted results that are not durable yet, in order of arrival.
    var uncommitted: [RunJournal.Acceptance] = []
    /// Messages that `flush` sends, in order: each call of the transport costs as much as one of them.
    var outgoing: [OutgoingMessage] = []
    var joined: Set<String> = []
    var auditor = Auditor()
    /// With the run's seed it decides which units are audited. The workers know the seed.
    private let auditSecret = UInt64.random(in: .min ... .max)
    /// The results that are being accepted because another worker's confirms them.
    var confirmed: [UnitKey: Auditor.Answer] = [:]
    /// The last time at which a worker was at work that could audit a held result; at first the start.
    var auditorSeen: ContinuousClock.Instant
    /// The reasons why workers are refused whose results were wrong, by name.
    var refused: [String: String] = [:]
    /// The last refusals for any reason, for operators.
    var refusals = Refusals()
    var counts = DispatcherCounts()
    /// What the workers that are here have computed.
    var tallies: [WorkerIdentifier: WorkerTally] = [:]
    private var watchdog: Watchdog
    /// The time at which a result was last accepted, or of this coordinator's start.
    var lastAccepted: ContinuousClock.Instant
    /// Whether the jobs were asked to stop.
    package private(set) var isStopped = false
    private var failure: (any Error)?

    package var workerCount: Int { table.workers.count }
    /// The number of different workers, by name, that have joined since this coordinator's start.
    package var joinedCount: Int { joined.count }

    /// - Parameters:
    ///   - taskVersions: the versions of the tasks of all jobs, by name. A worker that knows another version of one is refused, since it
    ///     would judge by other rules.
    ///   - files: hands the model's files to workers that lack them.
    ///   - epoch: must differ at every start of a coordinator.
    package init(
        model: JobModel, transport: any CoordinatorTransport, logger: Logger, limits: Limits = Limits(),
        taskVersions: [String: String] = [:], files: ModelServer? = nil,
        epoch: UInt64 = .random(in: 1 ... .max),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.model = model
        self.transport = transport
        self.logger = logger
        self.limits = limits
        self.taskVersions = taskVersions
        self.epoch = epoch
        self.files = files
        self.now = now
        var leases = limits.leases
        // The tolerances between kinds are those of float32.
        leases.auditsAcrossKinds = model.weights == .float32
        table = LeaseTable(epoch: epoch, limits: leases)
        watchdog = Watchdog(at: now())
        auditorSeen = now()
        lastAccepted = now()
    }

    /// Stops every job; its durable results are kept.
    package func stop() {
        isStopped = true
        for run in rounds.keys { finish(run, .success(false)) }
    }

    /// Ends every job with an external error.
    package func fail(_ error: any Error) {
        failure = failure ?? error
        for run in rounds.keys { finish(run, .failure(error)) }
    }

    // MARK: - Serving

    /// Handles the messages of workers while `body` runs jobs, then asks the workers to leave.
    package nonisolated func serve<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let pump = Task { await self.pump() }
        let serving = Task { await files?.serve(over: transport) }
        defer {
            pump.cancel()
            serving.cancel()
        }
        let ending: Result<Value, any Error>
        do {
            ending = .success(
                try await withTaskCancellationHandler(operation: body) {
                    Task { await self.fail(CancellationError()) }
                })
        } catch let error as CancellationError {
            throw error
        } catch {
            ending = .failure(error)
        }
        pump.cancel()
        await pump.value
        let isDone = if case .success = ending { true } else { false }
        await dismissWorkers(reason: isDone ? "the work is done" : "the coordinator stopped with an error")
        return try ending.get()
    }

    /// Hands the round's units out until each is accepted and durable.
    ///
    /// - Returns: false if the job is to stop before that.
    func collect<J: Job>(
        _ round: Round, of job: J, _ journal: RunJournal, weight: Double,
        onProgress: @escaping @Sendable (RoundProgress) -> Void
    ) async throws -> Bool {
        if let failure { throw failure }
        guard !isStopped else { return false }
        let missingRewards = job.missingRewards(in: round)
        let accepted = try journal.open(round, missingRewards: missingRewards)
        let progress = journal.progress(of: round)
        let open = round.units.map(\.key).filter { accepted[$0] == nil }
        onProgress(progress)
        guard !open.isEmpty else { return true }
        // The name that its units have: the job may have had another one at its start.
        let name = job.name
        precondition(rounds[name] == nil, "a job has one round at a time")
        rounds[name] = OpenRound(
            round: round, journal: journal, allowsMissing: missingRewards == .report,
            audited: job.audited(in: round, secret: auditSecret), progress: progress, onProgress: onProgress)
        defer { rounds[name] = nil }
        let ending: Result<Bool, any Error>
        do { ending = .success(try await handOut(open, of: name, weight: weight)) } catch { ending = .failure(error) }
        auditor.close(name)
        try await take(.roundClosed(run: name))
        // What was accepted before the round ended is kept.
        await commit()
        return try ending.get()
    }

    private func handOut(_ open: [UnitKey], of name: String, weight: Double) async throws -> Bool {
        try await take(.roundOpened(run: name, units: open, weight: weight))
        await commit()
        // The round may have ended during the calls above.
        if let ending = rounds[name]?.ending { return try ending.get() }
        return try await withCheckedThrowingContinuation { rounds[name]?.waiting = $0 }
    }

    private func finish(_ run: String, _ ending: Result<Bool, any Error>) {
        guard rounds[run]?.ending == nil else { return }
        rounds[run]?.ending = ending
        rounds[run]?.waiting?.resume(with: ending)
        rounds[run]?.waiting = nil
    }

    /// Handles one event after another, with clock ticks in between.
    private func pump() async {
        var nextTick = now()
        var events = ArraySlice<CoordinatorEvent>()
        while !Task.isCancelled {
            // Some are left if the one before them led to an error.
            if events.isEmpty {
                events = await transport.nextEvents(before: uncommitted.isEmpty ? nextTick : now())[...]
            }
            do {
                // No further event has arrived, so the results so far are committed together.
                if events.isEmpty { await commit() }
                while let event = events.popFirst() {
                    try await handle(event)
                    if isCommitDue { await commit() }
                }
                if now() >= nextTick {
                    nextTick = now() + limits.tick
                    try await lookAtTheClock()
                }
                try await flush()
            } catch {
                fail(error)
                if case CoordinatorError.transportClosed = error { return }
            }
        }
    }

    private var isCommitDue: Bool {
        uncommitted.count >= Self.largestCommit
            || uncommitted.count * (uncommitted.last?.output.gradient?.count ?? 0) >= Self.largestCommitValues
    }

    private func lookAtTheClock() async throws {
        let heard = await transport.lastHeard()
        for peer in roster.strangers(among: heard.keys, at: now()) { askForHello(peer, after: "heartbeats") }
        var instants: [WorkerIdentifier: ContinuousClock.Instant] = [:]
        for (peer, instant) in heard {
            if let worker = roster.workers[peer] { instants[worker] = instant }
        }
        try await take(.workersHeard(instants))
        try await take(.clockTicked)
        try await settleAudits()
        tellProgress()
        guard !rounds.isEmpty, !table.isPaused else { return watchdog.advanced(at: now()) }
        if let report = watchdog.report(table, endpoint: transport.endpoint, at: now()) {
            logger.warning("\(report)", metadata: ["runs": "\(rounds.keys.sorted().joined(separator: ", "))"])
        }
    }

    /// Reports the progress of each round, including the tokens of current leases.
    private func tellProgress() {
        var tokens: [String: Int] = [:]
        for unit in table.units.values where !unit.isAccepted {
            tokens[unit.key.run, default: 0] += unit.leases.map(\.tokens).max() ?? 0
        }
        for (run, open) in rounds {
            var progress = open.progress
            progress.tokens += tokens[run] ?? 0
            open.onProgress(progress)
        }
    }

    // MARK: - Accepting

    /// Stores accepted results, run by run, then acknowledges them. A result that could not be stored is not acknowledged as
    /// accepted.
    func commit() async {
        let batch = uncommitted
        uncommitted = []
        var stored: Set<String> = []
        for (run, accepted) in Dictionary(grouping: batch, by: \.unit.key.run) {
            guard let open = rounds[run] else { continue }
            do {
                try open.journal.accept(accepted)
            } catch {
                finish(run, .failure(error))
                continue
            }
            stored.insert(run)
            for one in accepted {
                let summary = UnitSummary(one.output)
                rounds[run]?.progress.add(summary)
                counts.runs[run, default: DispatcherCounts.Run()].add(summary)
                tallies[one.worker]?.add(summary, at: now())
            }
            if let progress = rounds[run]?.progress { open.onProgress(progress) }
            watchdog.advanced(at: now())
            lastAccepted = now()
        }
        for one in batch {
            for (worker, var acknowledgement) in one.acknowledgements {
                if !stored.contains(one.unit.key.run) {
                    acknowledgement.verdict = .stale
                    acknowledgement.reason = "its job has ended"
                }
                send(.acknowledgement(acknowledgement), to: worker)
            }
        }
        for (run, open) in rounds where open.isCompleted { finish(run, .success(true)) }
        do { try await flush() } catch { fail(error) }
    }

    /// Sends what waits to be sent. The unit of a lease that cannot be delivered is leased again.
    func flush() async throws {
        while !outgoing.isEmpty {
            let batch = Array(outgoing.prefix(Self.largestSend))
            outgoing.removeFirst(batch.count)
            for (sent, result) in zip(batch, await transport.send(batch)) { try await note(result, of: sent) }
        }
    }

    /// Ends one job with an error; the others continue.
    func end(_ run: String, _ error: any Error) async throws {
        finish(run, .failure(error))
        try await take(.roundClosed(run: run))
    }

    // MARK: - Leaving

    /// Asks the workers to drop their leases and leave, and waits for their BYE for a bounded time.
    private func dismissWorkers(reason: String) async {
        let deadline = now() + limits.farewell
        for unit in table.units.values {
            for lease in unit.leases { send(.cancel(Cancel(unit: unit.key, reason: reason)), to: lease.worker) }
        }
        try? await flush()
        let drains = roster.workers.keys.map { OutgoingMessage(.drain(Drain(reason: reason)), to: $0) }
        for (drain, result) in zip(drains, await transport.send(drains)) where (try? result.get()) != .sent {
            if let worker = roster.workers[drain.peer] { roster.leave(worker) }
        }
        while !roster.workers.isEmpty, now() < deadline {
            switch await transport.nextEvent(before: min(deadline, now() + limits.tick)) {
            case .message(.bye, let peer), .unreachable(let peer):
                if let worker = roster.workers[peer] { roster.leave(worker) }
            case .closed: return
            default: break
            }
        }
    }

    /// Gives an event to the lease table and carries out the effects.
    ///
    /// - Parameter answer: the RESULT or ERROR that the event is about.
    func take(_ event: LeaseEvent, arrived answer: Message? = nil) async throws {
        for effect in table.handle(event, at: now()) { try await carryOut(effect, arrived: answer) }
    }
}
