import T2Core
import T2Transport

/// Who gets what next.
extension LeaseTable {
    /// Hands out pending units while there is credit. Then, to workers that would idle, units that wait behind others at
    /// their worker, and last second copies of units that take too long.
    mutating func assign(at now: Instant) -> [LeaseEffect] {
        if mustReviewKept { reviewKept(at: now) }
        var effects: [LeaseEffect] = []
        while !ready.isEmpty, let next = nextAssignment(at: now) {
            effects += next
            if mustReviewKept { reviewKept(at: now) }
        }
        return effects
    }

    private mutating func nextAssignment(at now: Instant) -> [LeaseEffect]? {
        if let (unit, worker) = nextPending() { return [.grant(grant(unit, to: worker, at: now))] }
        if let (name, lease, worker) = nextMove(at: now) {
            end(lease, of: name.unit, at: now)
            let cancel = Cancel(unit: name.unit, reason: "an idle worker takes it")
            return [.cancel(lease.worker, cancel), .grant(grant(name.unit, to: worker, at: now))]
        }
        if let (unit, worker) = nextCopy(at: now) { return [.grant(grant(unit, to: worker, at: now))] }
        return nil
    }

    /// The first worker for which there is a pending unit, and that unit: of the run with the lowest share.
    private mutating func nextPending() -> (UnitKey, WorkerIdentifier)? {
        let waiting = runs.values.filter { $0.pendingCount > 0 }
            .sorted { ($0.share, $0.number) < ($1.share, $1.number) }
        guard !waiting.isEmpty else { return nil }
        var unit: UnitKey?
        let worker = ready.first { worker in
            for run in waiting {
                guard let index = run.next(for: worker.name) else { continue }
                unit = run.keys[index]
                return true
            }
            return false
        }
        guard let unit, let worker else { return nil }
        return (unit, worker)
    }

    /// A worker that has nothing at all, and for it the lease that would start last, at the worker with most of them waiting.
    private mutating func nextMove(at now: Instant) -> (LeaseName, UnitLease, WorkerIdentifier)? {
        guard !overloaded.isEmpty, !idle.isEmpty else { return nil }
        // Taken out, so that the rest of the table can be read meanwhile.
        var takers = PriorityIndex<WorkerIdentifier, ReadyRank>()
        var holders = PriorityIndex<WorkerIdentifier, OverloadRank>()
        swap(&takers, &idle)
        swap(&holders, &overloaded)
        defer {
            swap(&takers, &idle)
            swap(&holders, &overloaded)
        }
        var found: LeaseName?
        let taker = takers.first { worker in
            let holder = holders.first { holder in
                found = workers[holder]?.queue.lastMovable { mayTry($0.unit, worker, at: now) }?.name
                return found != nil
            }
            return holder != nil
        }
        guard let taker, let found, let lease = units[found.unit]?.leases.first(where: { $0.attempt == found.attempt })
        else { return nil }
        return (found, lease, taker)
    }

    /// The first worker that may have a second copy, and the unit: the one that has been out for longest in one copy, if it
    /// takes much longer than usual or its worker is not in touch.
    private mutating func nextCopy(at now: Instant) -> (UnitKey, WorkerIdentifier)? {
        let late = lateUnits(at: now)
        guard !late.isEmpty || !outOfTouch.isEmpty else { return nil }
        var candidates = PriorityIndex<WorkerIdentifier, ReadyRank>()
        swap(&candidates, &ready)
        defer { swap(&candidates, &ready) }
        var unit: UnitKey?
        let worker = candidates.first { worker in
            unit = slowestUnit(for: worker, among: late, at: now)
            return unit != nil
        }
        guard let unit, let worker else { return nil }
        return (unit, worker)
    }

    /// Runs and phases in which a unit is out for longer than usual, or was a moment ago; and since when it must be out.
    private func lateUnits(at now: Instant) -> [(run: String, phase: Phase, limit: Instant)] {
        runs.flatMap { name, run in
            run.single.compactMap { phase, units in
                let limit = now - patience(run, phase)
                return units.mayHold { $0.granted <= limit } ? (name, phase, limit) : nil
            }
        }
    }

    private func patience(_ run: LeasedRun, _ phase: Phase) -> Duration {
        guard let usual = run.durations[phase]?.percentile(0.5) else { return policy.minimumLength }
        return usual * policy.secondCopyFactor
    }

    private mutating func slowestUnit(
        for worker: WorkerIdentifier, among late: [(run: String, phase: Phase, limit: Instant)], at now: Instant
    ) -> UnitKey? {
        var slowest: CopyRank?
        for (run, phase, limit) in late {
            guard var units = runs[run]?.single.removeValue(forKey: phase) else { continue }
            defer { runs[run]?.single[phase] = units }
            let key = units.first(while: { $0.granted <= limit }, where: { mayCopy($0, worker, at: now) })
            if let rank = key.flatMap({ units[$0] }) { slowest = min(slowest ?? rank, rank) }
        }
        var lost = PriorityIndex<UnitKey, CopyRank>()
        swap(&lost, &outOfTouch)
        defer { swap(&lost, &outOfTouch) }
        let key = lost.first { mayCopy($0, worker, at: now) }
        if let rank = key.flatMap({ lost[$0] }) { slowest = min(slowest ?? rank, rank) }
        return slowest?.key
    }

    private func mayCopy(_ key: UnitKey, _ worker: WorkerIdentifier, at now: Instant) -> Bool {
        units[key]?.leases.first?.worker != worker && mayTry(key, worker, at: now)
    }
}
