import Logging
import T2Core
import T2Transport

/// Hands rounds of units out to whatever workers there are, one round after another, and sees to it that each unit is accepted
/// once and durable before its worker is told so.
///
/// Who gets what is decided by a pure value, `LeaseTable`; this actor carries its effects out.
actor Dispatcher {
    /// What workers must agree with.
    struct Host: Sendable {
        /// In messages and logs.
        let name: String
        let modelPath: String
        let modelDigest: Digest
        let tokenizerDigest: Digest
    }

    /// Time between two looks at the clock; longer while an event is dealt with.
    private static let tick: Duration = .milliseconds(250)
    /// How long leaving workers are waited for. One that does not answer finds the word to leave when it comes back.
    private static let farewell: Duration = .seconds(2)

    let host: Host
    let journal: any UnitJournal
    let transport: any CoordinatorTransport
    let logger: Logger
    let now: @Sendable () -> ContinuousClock.Instant
    let epoch: UInt64

    var table: LeaseTable
    var roster = WorkerRoster()
    /// Messages since this coordinator's start that could not be read.
    var malformedCount = 0
    private(set) var round: (any UnitRound)?
    private var watchdog: Watchdog
    private var isRoundCompleted = false
    private var isStopRequested = false
    private var failure: (any Error)?

    var workerCount: Int { table.workers.count }

    /// - Parameter epoch: differs at every start of a coordinator.
    init(
        host: Host, journal: any UnitJournal, transport: any CoordinatorTransport, logger: Logger,
        policy: LeasePolicy = LeasePolicy(), epoch: UInt64 = .random(in: 1 ... .max),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.host = host
        self.journal = journal
        self.transport = transport
        self.logger = logger
        self.epoch = epoch
        self.now = now
        table = LeaseTable(epoch: epoch, policy: policy)
        watchdog = Watchdog(at: now())
    }

    /// Stops at the next moment at which nothing is lost.
    func stop() { isStopRequested = true }

    /// Ends the round with somebody else's error.
    func fail(_ error: any Error) { failure = error }

    /// Hands out the round's units until each is accepted.
    ///
    /// - Returns: false if the run was asked to stop before that.
    func collect(_ round: any UnitRound) async throws -> Bool {
        self.round = round
        let accepted = try await journal.open(round)
        let open = round.units.map(\.key).filter { !accepted.contains($0) }
        isRoundCompleted = open.isEmpty
        try await take(.roundOpened(run: open.first?.run ?? host.name, units: open))
        var nextTick = now()
        while !isRoundCompleted {
            if let failure { throw failure }
            try Task.checkCancellation()
            guard !isStopRequested else { return false }
            if let event = await transport.nextEvent(before: nextTick) { try await handle(event) }
            if now() >= nextTick {
                nextTick = now() + Self.tick
                try await lookAtTheClock()
            }
        }
        return true
    }

    private func lookAtTheClock() async throws {
        let heard = await transport.lastHeard()
        for peer in roster.strangers(among: heard.keys, at: now()) { await askForHello(peer, after: "heartbeats") }
        var instants: [WorkerIdentifier: ContinuousClock.Instant] = [:]
        for (peer, instant) in heard {
            if let worker = roster.workers[peer] { instants[worker] = instant }
        }
        try await take(.workersHeard(instants))
        try await take(.clockTicked)
        if let report = watchdog.report(table, endpoint: transport.endpoint, at: now()) {
            logger.warning("\(report)", metadata: ["run": "\(host.name)", "step": "\(round?.step ?? 0)"])
        }
    }

    /// Asks the workers to drop what they have and leave, and waits for their BYE, for a bounded time.
    func dismissWorkers(reason: String) async {
        let deadline = now() + Self.farewell
        for unit in table.units.values {
            for lease in unit.leases { await send(.cancel(Cancel(unit: unit.key, reason: reason)), to: lease.worker) }
        }
        for worker in roster.workers.values where await !send(.drain(Drain(reason: reason)), to: worker) {
            roster.leave(worker)
        }
        while !roster.workers.isEmpty, now() < deadline {
            switch await transport.nextEvent(before: min(deadline, now() + Self.tick)) {
            case .message(.bye, let peer), .unreachable(let peer):
                if let worker = roster.workers[peer] { roster.leave(worker) }
            case .closed: return
            default: break
            }
        }
    }

    /// Does what it is asked to, then asks the workers to leave.
    ///
    /// - Parameter job: what they are told was finished: `search`.
    /// - Returns: nil if `rounds` was stopped before its end.
    func withFarewell<Found: Sendable>(_ job: String, _ rounds: @Sendable () async throws -> Found?) async throws
        -> Found?
    {
        do {
            let found = try await rounds()
            await dismissWorkers(reason: found == nil ? "the coordinator was stopped" : "\(job) finished")
            return found
        } catch let error as CancellationError {
            throw error
        } catch {
            await dismissWorkers(reason: "the \(job) stopped with an error")
            throw error
        }
    }

    /// Gives an event to the lease table and carries out what follows.
    ///
    /// - Parameter answer: the RESULT or ERROR that the event is about.
    func take(_ event: LeaseEvent, arrived answer: Message? = nil) async throws {
        for effect in table.handle(event, at: now()) { try await carryOut(effect, arrived: answer) }
    }

    /// One of the round's units was accepted.
    func noteAcceptance() { watchdog.advanced(at: now()) }

    func noteRoundCompleted() { isRoundCompleted = true }
}
