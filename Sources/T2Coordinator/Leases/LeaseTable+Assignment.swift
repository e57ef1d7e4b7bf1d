import T2Core
import T2Transport

/// Who gets what next.
extension LeaseTable {
    /// Hands out pending units while there is credit. Then, to workers that would idle, units that wait behind others at
    /// their worker, and last second copies of units that take too long.
    mutating func assign(at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        while let next = nextAssignment(at: now) { effects += next }
        return effects
    }

    private mutating func nextAssignment(at now: Instant) -> [LeaseEffect]? {
        // The most credit first, so that units spread evenly; then the order of joining.
        let ready = workers.filter { $0.value.takesLeases }
            .sorted { ($1.value.credit, $0.value.number) < ($0.value.credit, $1.value.number) }
            .map(\.key)
        for worker in ready {
            if let place = pending.firstIndex(where: { mayTry($0, worker) }) {
                return [.grant(grant(pending.remove(at: place), to: worker, at: now))]
            }
        }
        guard pending.isEmpty else { return nil }
        for worker in ready {
            if let (unit, lease) = waitingUnit(for: worker) { return move(unit, lease, to: worker, at: now) }
        }
        for worker in ready {
            if let unit = slowestUnit(for: worker, at: now) { return [.grant(grant(unit, to: worker, at: now))] }
        }
        return nil
    }

    /// For a worker that has nothing at all: the lease that would start last, at the worker with most of them waiting.
    private func waitingUnit(for worker: WorkerIdentifier) -> (UnitKey, UnitLease)? {
        guard held(by: worker).isEmpty else { return nil }
        var leases: [WorkerIdentifier: [(UnitKey, UnitLease)]] = [:]
        for unit in units.values {
            for lease in unit.leases { leases[lease.worker, default: []].append((unit.key, lease)) }
        }
        let waiting = leases.map { holder, held in
            held.sorted { $0.1.number < $1.1.number }.dropFirst(workers[holder]?.lanes ?? 0)
                .filter { $0.1.tokens == 0 && mayTry($0.0, worker) }
        }
        let most = waiting.max { ($0.count, $0.last?.1.number ?? 0) < ($1.count, $1.last?.1.number ?? 0) }
        return most?.last
    }

    private mutating func move(
        _ unit: UnitKey, _ lease: UnitLease, to worker: WorkerIdentifier, at now: Instant
    ) -> [LeaseEffect] {
        units[unit]?.leases.removeAll { $0.attempt == lease.attempt }
        let cancel = Cancel(unit: unit, reason: "an idle worker takes it")
        return [.cancel(lease.worker, cancel), .grant(grant(unit, to: worker, at: now))]
    }

    /// A unit that failed on a worker goes to another one while there is any that has not tried it.
    private func mayTry(_ unit: UnitKey, _ worker: WorkerIdentifier) -> Bool {
        let tried = Set(units[unit, default: LeasedUnit(key: unit)].failures.map(\.worker.name))
        let others = workers.filter { $0.value.isReachable && !$0.value.isSuspect }.keys
        return !tried.contains(worker.name) || others.allSatisfy { tried.contains($0.name) }
    }

    /// The unit out for longest in one copy, if it takes much longer than usual or its worker has gone quiet.
    private func slowestUnit(for worker: WorkerIdentifier, at now: Instant) -> UnitKey? {
        let candidates = units.values.filter { unit in
            guard unit.leases.count == 1, let lease = unit.leases.first, lease.worker != worker else { return false }
            guard mayTry(unit.key, worker) else { return false }
            let holder = workers[lease.worker]
            if holder?.isSuspect == true || holder?.isReachable == false { return true }
            return now - lease.granted >= patience(for: unit.key.phase)
        }
        return candidates.min { ($0.leases[0].granted, $0.key) < ($1.leases[0].granted, $1.key) }?.key
    }

    private func patience(for phase: Phase) -> Duration {
        guard let usual = durations[phase]?.percentile(0.5) else { return policy.minimumLength }
        return usual * policy.secondCopyFactor
    }

    private mutating func grant(_ unit: UnitKey, to worker: WorkerIdentifier, at now: Instant) -> LeaseGrant {
        guard var state = units[unit], let holder = workers[worker] else {
            preconditionFailure("granted what is not there")
        }
        let length = policy.length(after: holder.durations)
        state.attempts += 1
        let isSecondCopy = !state.leases.isEmpty
        if isSecondCopy { state.secondCopies += 1 }
        grantedCount += 1
        state.leases.append(
            UnitLease(worker: worker, attempt: state.attempts, number: grantedCount, granted: now, length: length))
        units[unit] = state
        workers[worker]?.credit -= 1
        workers[worker]?.sent += 1
        return LeaseGrant(
            unit: unit, attempt: state.attempts, worker: worker, length: length, isSecondCopy: isSecondCopy)
    }
}
