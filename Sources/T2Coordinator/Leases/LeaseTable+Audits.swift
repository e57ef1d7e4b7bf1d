import T2Core
import T2Transport

/// Leases an audited unit to several workers, one after the other: those of the first one's machine kind compute it again, and others
/// check its result.
extension LeaseTable {
    /// Whether a valid result for this lease can be held or accepted: the unit is open, the lease was granted to the worker, and no result
    /// is held that it cannot be compared with.
    package func isAnswerable(_ key: UnitKey, attempt: Int, by worker: WorkerIdentifier) -> Bool {
        guard let unit = units[key], !unit.isAccepted else { return false }
        return unit.wasGranted(attempt, to: worker) && unit.isComparable(attempt)
            && !unit.partners.contains(worker.name)
    }

    /// Whether another worker that is at work, and that the unit did not fail on, can audit the results that are held for the unit.
    package func hasAuditor(_ key: UnitKey) -> Bool {
        guard let unit = units[key], let held = unit.held else { return false }
        guard !limits.auditsAcrossKinds else { return hasAlternative(unit) }
        return workers.contains { worker, state in
            state.kind == held.kind && state.isSound && !unit.excluded.contains(worker.name) && !unit.failed(on: worker)
        }
    }

    /// The median duration of the run's leases of the unit's phase; nil before the first is accepted.
    package func usualDuration(of key: UnitKey) -> Duration? { runs[key.run]?.durations[key.phase]?.percentile(0.5) }

    /// Whether a worker may audit a unit. One that shares a key with a worker that answered may not, unless all workers share one:
    /// the owner of the key would confirm its own results. One of another kind than the first may only if no worker of its kind can be given the
    /// unit now: equal bytes prove more than numbers within a tolerance.
    func mayAudit(_ unit: LeasedUnit, _ held: LeasedUnit.HeldResult, _ worker: WorkerIdentifier) -> Bool {
        guard !unit.excluded.contains(worker.name) else { return false }
        guard workers[worker]?.kind != held.kind else { return true }
        guard limits.auditsAcrossKinds else { return false }
        let excluded = unit.excluded.union(unit.failures.map(\.worker.name)).union(unit.leases.map(\.worker.name))
        let excludedReady = excluded.count { name in
            names[name].flatMap { workers[$0] }.map { $0.kind == held.kind && takesLeases($0) } ?? false
        }
        return readyKinds[held.kind, default: 0] <= excludedReady
    }

    /// Ends a lease whose result is held, and makes the unit pending for other workers. Copies are cancelled whose results would
    /// prove nothing: the worker's own, and those at workers of other kinds, which cannot be compared with it.
    mutating func hold(_ name: LeaseName, of worker: WorkerIdentifier, at now: Instant) -> [LeaseEffect] {
        guard isAnswerable(name.unit, attempt: name.attempt, by: worker), let known = workers[worker] else { return [] }
        let partners = partners(of: known)
        units[name.unit]?.noteAnswer(of: worker.name, key: known.key, partners: partners)
        if units[name.unit]?.held == nil {
            units[name.unit]?.held = .init(worker: worker, attempt: name.attempt, kind: known.kind)
        }
        if let lease = units[name.unit]?[name.attempt], lease.checks == nil {
            workers[worker]?.durations.record(now - lease.granted)
            runs[name.unit.run]?.durations[name.unit.phase, default: DurationHistory()].record(now - lease.granted)
        }
        workers[worker]?.noteAnswer(at: now)
        giveBack(name, of: worker, at: now)
        update(worker, at: now)
        return cancelUseless(name.unit, reason: "its result is held for an audit", at: now)
    }

    /// Makes units pending again that are accepted, and ends the audits of others.
    mutating func reopen(_ keys: [UnitKey], at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for key in keys {
            guard let unit = units[key] else { continue }
            units[key]?.endAudit()
            guard unit.isAccepted else {
                effects += cancelUseless(key, reason: "the result to be checked was dropped", at: now)
                continue
            }
            units[key]?.isAccepted = false
            if runs[key.run]?.pending.isEmpty == true { wake(key.run) }
            runs[key.run]?.pending.insert(unit.index)
            runs[key.run]?.unfinished += 1
        }
        return effects
    }

    /// The names of the workers with a worker's key; none if all workers have it.
    private func partners(of worker: LeasedWorker) -> [String] {
        guard let key = worker.key else { return [] }
        let names = workers.filter { $0.value.key == key }.map(\.key.name)
        return names.count < workers.count ? names : []
    }

    private mutating func cancelUseless(_ key: UnitKey, reason: String, at now: Instant) -> [LeaseEffect] {
        guard let unit = units[key] else { return [] }
        let useless = unit.leases.filter { !unit.isComparable($0.attempt) || unit.excluded.contains($0.worker.name) }
        return useless.map { lease in
            giveBack(LeaseName(unit: key, attempt: lease.attempt), of: lease.worker, at: now)
            return .cancel(lease.worker, Cancel(unit: key, reason: reason))
        }
    }

    func isSound(_ name: String) -> Bool { names[name].flatMap { workers[$0]?.isSound } ?? false }
}
