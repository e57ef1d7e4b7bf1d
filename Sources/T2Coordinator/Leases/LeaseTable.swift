import T2Core
import T2Transport

/// Records which worker computes which unit of which run, until when, and with which result. It is pure: it maps an
/// event and the time to effects.
///
/// Invariants:
/// - a unit is accepted at most once, by the first valid result of a worker to which that attempt was granted;
/// - a lease ends exactly once: accepted, expired, refused, cancelled or returned; (unit, attempt) names one lease;
/// - a unit that is neither accepted nor leased is pending, and is leased as soon as a worker that may have it has credit, unless
///   the table is paused;
/// - a worker never holds more leases than it offered credit for, nor two leases of one unit;
/// - a lease that was lost or has expired does not count as a failure of its unit. Failures that workers report count, except
///   those of a worker that fails all its units, as long as another worker is at work that has not tried the unit;
/// - memory is linear in the units of the open rounds, their leases and the workers present.
///
/// Several runs share the workers by start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): each run has a share, the
/// lane-seconds of its leases over its weight, and the one with the lowest share is served next. A lease is charged its
/// expected time when it is granted, which is replaced by the time that it took when it ends. A run that had no pending units
/// continues with at least the lowest share of the runs that had, so that it gets nothing for the past.
///
/// Cost, for W workers, U open units, R runs, and L leases of the worker concerned, a few more than its lanes and
/// at most `LeaseLimits.mostHeld`:
/// - `creditGranted`, `progressed`, `resultArrived`, `unitFailed`, `leaseUndelivered`: O(L + log W + log U) each, and as much
///   for each grant that follows, besides O(R log R + U/64) to find its unit;
/// - `workerJoined`, `workerLeft`, `connectionLost`: O(L log U); `workersHeard`: O(1) a worker named;
/// - `clockTicked`: O(W), and O(log W + log U) for each lease and worker that is due; all leases are looked at about once a
///   lease length, and whenever one is due;
/// - `roundOpened`, `roundClosed`: O(U).
///
/// Searches skip the units that failed on the worker, and a search for a further copy those that it holds, at O(log U) each.
package struct LeaseTable: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package let epoch: UInt64
    package let limits: LeaseLimits
    package internal(set) var workers: [WorkerIdentifier: LeasedWorker] = [:]
    package internal(set) var units: [UnitKey: LeasedUnit] = [:]
    var runs: [String: LeasedRun] = [:]
    /// Whether no leases are granted to anyone.
    package internal(set) var isPaused = false
    /// The worker of each name.
    var names: [String: WorkerIdentifier] = [:]

    /// Workers that can be given a lease now.
    var ready = PriorityIndex<WorkerIdentifier, ReadyRank>()
    /// The number of these workers by the kind of their machines.
    var readyKinds: [String: Int] = [:]
    /// Of the workers that can be given a lease now, those that hold none.
    var idle = PriorityIndex<WorkerIdentifier, ReadyRank>()
    /// Workers with leases that wait for a lane.
    var overloaded = PriorityIndex<WorkerIdentifier, OverloadRank>()
    /// Units whose leases are all held by suspected workers.
    var outOfTouch = PriorityIndex<UnitKey, CopyRank>()
    /// Workers that are at work and not set aside. A unit that failed on another worker is kept for them.
    var soundCount = 0
    /// The latest time of the next check of all leases; nil without leases.
    var nextLeaseCheck: Instant?
    var lastTick: Instant?
    var joinedCount = 0
    var grantedCount = 0
    var openedCount = 0

    package init(epoch: UInt64, limits: LeaseLimits = LeaseLimits()) {
        self.epoch = epoch
        self.limits = limits
    }

    /// Handles one event. Every change of state ends with the assignment of units.
    package mutating func handle(_ event: LeaseEvent, at now: Instant) -> [LeaseEffect] {
        let effects = react(to: event, at: now)
        // The end of a run comes first, because its user may want to end the others too.
        let endsARun = effects.contains { if case .stop = $0 { true } else { false } }
        return endsARun ? effects : effects + assign(at: now)
    }

    private mutating func react(to event: LeaseEvent, at now: Instant) -> [LeaseEffect] {
        switch event {
        case .roundOpened(let run, let keys, let weight):
            return open(run, keys, weight: weight, at: now)
        case .roundClosed(let run):
            return close(run, reason: "its round was closed", at: now)
        case .workerJoined(let worker, let lanes, let kind, let key, let holding):
            return join(worker, lanes: lanes, kind: kind, key: key, holding: holding, at: now)
        case .creditGranted(let worker, let count, let received):
            heard(worker, at: now)
            guard let known = workers[worker] else { return [] }
            let wanted = count - max(0, known.sent - (received ?? known.sent))
            let room = limits.mostHeld - known.held.count
            workers[worker]?.credit = max(0, min(wanted, room))
            update(worker, at: now)
            return []
        case .progressed(let worker, let progress):
            heard(worker, at: now)
            renew(progress, of: worker, at: now)
            return []
        case .resultArrived(let worker, let unit, let attempt, let epoch, let defect):
            heard(worker, at: now)
            return judge(LeaseName(unit: unit, attempt: attempt), of: worker, epoch: epoch, defect: defect, at: now)
        case .resultHeld(let worker, let unit, let attempt):
            heard(worker, at: now)
            return hold(LeaseName(unit: unit, attempt: attempt), of: worker, at: now)
        case .unitsReopened(let keys):
            return reopen(keys, at: now)
        case .unitFailed(let worker, let unit, let attempt, let category, let message, let logLines, let missing):
            heard(worker, at: now)
            let failure = UnitFailure(
                worker: worker, attempt: attempt, category: category, message: message, missing: missing,
                logLines: logLines)
            return take(failure, of: unit, at: now)
        case .leaseUndelivered(let worker, let unit, let attempt):
            workers[worker]?.sent -= 1
            loseTouch(worker, at: now)
            giveBack(LeaseName(unit: unit, attempt: attempt), of: worker, at: now)
            return []
        case .connectionLost(let worker):
            loseTouch(worker, at: now)
            return []
        case .workerLeft(let worker):
            for name in held(by: worker) { giveBack(name, of: worker, at: now) }
            remove(worker)
            return []
        case .workerDrained(let worker):
            workers[worker]?.isDraining = true
            update(worker, at: now)
            return []
        case .pauseChanged(let isPaused):
            self.isPaused = isPaused
            return []
        case .workersHeard(let instants):
            for (worker, instant) in instants { heard(worker, at: instant, now: now) }
            return []
        case .clockTicked:
            return tick(at: now)
        }
    }
}
