import T2Core
import T2Transport

/// Who computes which unit of the current step, until when, and what came of it. Pure: events and the time in, effects out.
///
/// Invariants:
/// - a unit is accepted at most once, by the first valid result, whoever sent it;
/// - a lease ends exactly once: accepted, expired, refused, cancelled or returned; (unit, attempt) names one lease;
/// - a unit that is neither accepted nor leased is pending and goes out as soon as a worker has credit;
/// - a worker never holds more leases than it gave credit for, nor two leases of one unit;
/// - memory is linear in the units of one step and the workers present.
package struct LeaseTable: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package let epoch: UInt64
    package let policy: LeasePolicy
    package internal(set) var workers: [WorkerIdentifier: LeasedWorker] = [:]
    package internal(set) var units: [UnitKey: LeasedUnit] = [:]
    /// Units to hand out, first to last.
    var pending: [UnitKey] = []
    private(set) var order: [UnitKey: Int] = [:]
    private(set) var unfinished = 0
    var durations: [Phase: DurationHistory] = [:]
    private var lastTick: Instant?
    private var joinedCount = 0
    var grantedCount = 0

    package init(epoch: UInt64, policy: LeasePolicy = LeasePolicy()) {
        self.epoch = epoch
        self.policy = policy
    }

    /// Takes one event; every state change ends with handing out what can go out.
    package mutating func handle(_ event: LeaseEvent, at now: Instant) -> [LeaseEffect] {
        let effects = react(to: event, at: now)
        if effects.contains(where: \.endsTheRun) { return effects }
        return effects + assign(at: now)
    }

    private mutating func react(to event: LeaseEvent, at now: Instant) -> [LeaseEffect] {
        switch event {
        case .stepOpened(let keys):
            open(keys)
            return []
        case .workerJoined(let worker, let lanes):
            return join(worker, lanes: lanes, at: now)
        case .creditGranted(let worker, let count, let received):
            heard(worker, at: now)
            guard let sent = workers[worker]?.sent else { return [] }
            workers[worker]?.credit = max(0, count - max(0, sent - (received ?? sent)))
            return []
        case .progressed(let worker, let progress):
            heard(worker, at: now)
            units[progress.unit]?.renew(attempt: progress.attempt, of: worker, tokens: progress.tokens, at: now)
            return []
        case .resultArrived(let worker, let unit, let attempt, let epoch, let defect):
            heard(worker, at: now)
            return judge(unit, attempt: attempt, of: worker, epoch: epoch, defect: defect, at: now)
        case .unitFailed(let worker, let unit, let attempt, let category, let message, let logLines, let missing):
            heard(worker, at: now)
            let failure = UnitFailure(
                worker: worker, attempt: attempt, category: category, message: message, missing: missing,
                logLines: logLines)
            return fail(unit, failure)
        case .leaseUndelivered(let worker, let unit, let attempt):
            workers[worker]?.isReachable = false
            workers[worker]?.sent -= 1
            giveBack(unit, attempt: attempt, of: worker)
            return []
        case .connectionLost(let worker):
            workers[worker]?.isReachable = false
            return []
        case .workerLeft(let worker):
            for unit in held(by: worker) { giveBack(unit.key, attempt: unit.attempt, of: worker) }
            workers[worker] = nil
            return []
        case .workersHeard(let instants):
            for (worker, instant) in instants { heard(worker, at: instant) }
            return []
        case .clockTicked:
            return tick(at: now)
        }
    }

    /// Another worker of the same name that is alive as far as is known.
    package func namesake(of worker: WorkerIdentifier) -> WorkerIdentifier? {
        workers.first { other, state in
            other.name == worker.name && other != worker && state.isReachable && !state.isSuspect
        }?.key
    }

    /// The leases a worker holds.
    func held(by worker: WorkerIdentifier) -> [(key: UnitKey, attempt: Int)] {
        units.values.flatMap { unit in
            unit.leases.filter { $0.worker == worker }.map { (key: unit.key, attempt: $0.attempt) }
        }
        .sorted { $0.key < $1.key }
    }

    private mutating func open(_ keys: [UnitKey]) {
        units = Dictionary(uniqueKeysWithValues: keys.map { ($0, LeasedUnit(key: $0)) })
        order = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        pending = keys
        unfinished = keys.count
    }

    /// A new incarnation of a worker replaces the old one, whose leases failed with it.
    private mutating func join(_ worker: WorkerIdentifier, lanes: Int, at now: Instant) -> [LeaseEffect] {
        if workers[worker] != nil {
            heard(worker, at: now)
            // It says anew what it can take; until then nothing is sent. What came before this is lost or has been received.
            workers[worker]?.credit = 0
            workers[worker]?.sent = 0
            return []
        }
        var effects: [LeaseEffect] = []
        for old in workers.keys where old.name == worker.name {
            effects += dismiss(old, message: "its worker was started anew", at: now)
        }
        joinedCount += 1
        workers[worker] = LeasedWorker(number: joinedCount, lanes: lanes, lastHeard: now)
        return effects
    }

    private mutating func heard(_ worker: WorkerIdentifier, at instant: Instant) {
        guard let known = workers[worker], instant > known.lastHeard else { return }
        workers[worker]?.lastHeard = instant
        workers[worker]?.isSuspect = false
        workers[worker]?.isReachable = true
    }

    private mutating func judge(
        _ unit: UnitKey, attempt: Int, of worker: WorkerIdentifier, epoch: UInt64, defect: ResultDefect?,
        at now: Instant
    ) -> [LeaseEffect] {
        func acknowledge(_ verdict: Acknowledgement.Verdict, _ reason: String = "") -> LeaseEffect {
            .acknowledge(worker, Acknowledgement(unit: unit, attempt: attempt, verdict: verdict, reason: reason))
        }
        guard epoch == self.epoch else {
            return [acknowledge(.stale, "of epoch \(epoch), the coordinator now is in epoch \(self.epoch)")]
        }
        guard let state = units[unit] else { return [acknowledge(.stale, "not a unit of the step under way")] }
        guard !state.isAccepted else { return [acknowledge(.duplicate)] }
        guard state.attempts >= attempt, attempt > 0 else {
            return [acknowledge(.refused, "attempt \(attempt) was never handed out")]
        }
        if let defect {
            let failure = UnitFailure(
                worker: worker, attempt: attempt, category: defect.category.rawValue, message: defect.message)
            return [acknowledge(.refused, "\(failure.category): \(defect.message)")] + fail(unit, failure)
        }
        return accept(state, attempt: attempt, of: worker, at: now) { acknowledge(.accepted) }
    }

    private mutating func accept(
        _ state: LeasedUnit, attempt: Int, of worker: WorkerIdentifier, at now: Instant,
        acknowledgement: () -> LeaseEffect
    ) -> [LeaseEffect] {
        let unit = state.key
        var effects: [LeaseEffect] = [.accept(unit, attempt: attempt, by: worker), acknowledgement()]
        for lease in state.leases {
            if lease.worker == worker, lease.attempt == attempt {
                let duration = now - lease.granted
                workers[worker]?.durations.record(duration)
                durations[unit.phase, default: DurationHistory()].record(duration)
            } else {
                effects.append(.cancel(lease.worker, Cancel(unit: unit, reason: "another worker was first")))
            }
        }
        units[unit]?.leases = []
        units[unit]?.isAccepted = true
        pending.removeAll { $0 == unit }
        unfinished -= 1
        if unfinished == 0 { effects.append(.stepCompleted) }
        return effects
    }

    /// Ends a lease as failed. A failure of a lease that had ended already is not counted again, but numbers that are not
    /// finite stop the run whenever they arrive.
    mutating func fail(_ unit: UnitKey, _ failure: UnitFailure) -> [LeaseEffect] {
        guard let state = units[unit], !state.isAccepted else { return [] }
        if failure.category == ResultDefect.Category.nonFinite.rawValue { return [.stop(.nonFinite(unit, failure))] }
        guard state.leases.contains(where: { $0.attempt == failure.attempt && $0.worker == failure.worker }) else {
            return []
        }
        units[unit]?.failures.append(failure)
        giveBack(unit, attempt: failure.attempt, of: failure.worker)
        let failures = state.failures + [failure]
        if isPoisoned(failures) { return [.stop(.poisoned(unit, failures))] }
        return [.report(.failed(unit, failure))]
    }

    /// Whether the unit itself must be at fault: it failed on several workers, or again and again where there are no others.
    /// Workers come and go as they like, so one that vanishes again and again counts once.
    private func isPoisoned(_ failures: [UnitFailure]) -> Bool {
        let vanished = failures.filter { $0.category == UnitFailure.vanished }
        let count = failures.count - vanished.count + Set(vanished.map(\.worker.name)).count
        return Set(failures.map(\.worker.name)).count >= policy.failuresToPoison || count >= policy.mostFailures
    }

    /// Ends a lease without blame; the unit is pending again unless another copy is out.
    mutating func giveBack(_ unit: UnitKey, attempt: Int, of worker: WorkerIdentifier) {
        guard var state = units[unit],
            let place = state.leases.firstIndex(where: { $0.attempt == attempt && $0.worker == worker })
        else { return }
        state.leases.remove(at: place)
        units[unit] = state
        guard state.leases.isEmpty, !state.isAccepted else { return }
        let rank = order[unit, default: 0]
        pending.insert(unit, at: pending.firstIndex { order[$0, default: 0] > rank } ?? pending.endIndex)
    }

    /// Time since the last tick beyond which this process itself was stopped: nobody else is to blame for the silence.
    private static let longestTick: Duration = .seconds(5)

    private mutating func tick(at now: Instant) -> [LeaseEffect] {
        defer { lastTick = now }
        if let lastTick, now - lastTick > Self.longestTick { forgive(now - lastTick) }
        return expire(at: now) + watchWorkers(at: now) + reportStuck(at: now)
    }

    private mutating func forgive(_ gap: Duration) {
        for worker in workers.keys { workers[worker]?.lastHeard += gap }
        for unit in units.keys { units[unit]?.postpone(by: gap) }
    }
}

extension LeaseEffect {
    fileprivate var endsTheRun: Bool {
        if case .stop = self { true } else { false }
    }
}
