import T2Core
import T2Transport

/// Assigns units to workers.
extension LeaseTable {
    /// Leases pending units while there is credit. Idle workers then get units that wait behind others at another worker, and
    /// finally further copies of units that take too long.
    mutating func assign(at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        guard !isPaused else { return effects }
        while !ready.isEmpty, let next = nextAssignment(at: now) { effects += next }
        return effects
    }

    private mutating func nextAssignment(at now: Instant) -> [LeaseEffect]? {
        if let (unit, worker) = nextPending(at: now) { return [.grant(grant(unit, to: worker, at: now))] }
        if let (name, lease, worker) = nextMove(at: now) {
            end(lease, of: name.unit, at: now)
            let cancel = Cancel(unit: name.unit, reason: "an idle worker takes it")
            return [.cancel(lease.worker, cancel), .grant(grant(name.unit, to: worker, at: now))]
        }
        if let (unit, worker) = nextCopy(at: now) { return [.grant(grant(unit, to: worker, at: now))] }
        return nil
    }

    /// The first worker that can have a pending unit, and that unit, from the run with the lowest share.
    private mutating func nextPending(at now: Instant) -> (UnitKey, WorkerIdentifier)? {
        let waiting = runs.values.filter { !$0.pending.isEmpty }
            .sorted { ($0.share, $0.number) < ($1.share, $1.number) }
        guard !waiting.isEmpty else { return nil }
        var workers = ready.take()
        defer { ready = workers }
        return workers.first { worker, _ in
            for run in waiting {
                let index = run.pending.first { mayTry(run.keys[$0], worker, at: now) }
                if let index { return (run.keys[index], worker) }
            }
            return nil
        }
    }

    /// A worker without leases, and the lease to move to it: the one that would start last, at the worker with the most
    /// waiting leases.
    private mutating func nextMove(at now: Instant) -> (LeaseName, UnitLease, WorkerIdentifier)? {
        guard !overloaded.isEmpty, !idle.isEmpty else { return nil }
        var (takers, holders) = (idle.take(), overloaded.take())
        defer { (idle, overloaded) = (takers, holders) }
        return takers.first { worker, _ in
            let found = holders.first { holder, _ in
                workers[holder]?.movable.last { mayTry($0.name.unit, worker, at: now) }?.name
            }
            guard let found, let lease = units[found.unit]?[found.attempt] else { return nil }
            return (found, lease, worker)
        }
    }

    /// The first worker that may have a further copy, and its unit: the one whose last copy was granted earliest, if that
    /// takes much longer than usual or the workers of all copies are suspected. However many workers hold a unit and never return it, the
    /// next one gets it.
    private mutating func nextCopy(at now: Instant) -> (UnitKey, WorkerIdentifier)? {
        let late = lateUnits(at: now)
        guard !late.isEmpty || !outOfTouch.isEmpty else { return nil }
        var workers = ready.take()
        defer { ready = workers }
        return workers.first { worker, _ in slowestUnit(for: worker, among: late, at: now).map { ($0, worker) } }
    }

    /// The runs and phases in which the last copy of some unit may have been leased for longer than usual, each with the time before
    /// which it was granted.
    private func lateUnits(at now: Instant) -> [(run: String, phase: Phase, limit: Instant)] {
        runs.flatMap { name, run in
            run.leased.compactMap { phase, units in
                let usual = run.durations[phase]?.percentile(0.5)
                let limit = now - (usual.map { $0 * limits.copyFactor } ?? limits.minimumLength)
                return units.mayHold { $0.granted <= limit } ? (name, phase, limit) : nil
            }
        }
    }

    private mutating func slowestUnit(
        for worker: WorkerIdentifier, among late: [(run: String, phase: Phase, limit: Instant)], at now: Instant
    ) -> UnitKey? {
        var lost = outOfTouch.take()
        var slowest = lost.first { mayCopy($0, worker, at: now) ? $1 : nil }
        outOfTouch = lost
        for (run, phase, limit) in late {
            guard var units = runs[run]?.leased[phase]?.take() else { continue }
            let found = units.first(while: { $0.granted <= limit }) { mayCopy($0, worker, at: now) ? $1 : nil }
            runs[run]?.leased[phase] = units
            if let found { slowest = min(slowest ?? found, found) }
        }
        return slowest?.key
    }

    private func mayCopy(_ key: UnitKey, _ worker: WorkerIdentifier, at now: Instant) -> Bool {
        units[key]?.leases.contains { $0.worker == worker } == false && mayTry(key, worker, at: now)
    }
}
