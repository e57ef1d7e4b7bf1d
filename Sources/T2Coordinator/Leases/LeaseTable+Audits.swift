import T2Core
import T2Transport

/// Leases an audited unit to several workers, one after the other.
extension LeaseTable {
    /// Whether a valid result for this lease can be held or accepted: the unit is open, and the lease was granted to the worker.
    package func isAnswerable(_ key: UnitKey, attempt: Int, by worker: WorkerIdentifier) -> Bool {
        guard let unit = units[key], !unit.isAccepted else { return false }
        return unit.wasGranted(attempt, to: worker)
    }

    /// Whether another worker that is at work can audit the results that are held for the unit.
    package func hasAuditor(_ key: UnitKey) -> Bool {
        guard let unit = units[key], let kind = unit.kind else { return false }
        return workers.contains { $0.value.isSound && $0.value.kind == kind && !unit.answered.contains($0.key.name) }
    }

    /// Ends a lease whose result is held, and makes the unit pending for other workers of the same kind.
    mutating func hold(_ name: LeaseName, of worker: WorkerIdentifier, at now: Instant) {
        guard isAnswerable(name.unit, attempt: name.attempt, by: worker), let known = workers[worker] else { return }
        units[name.unit]?.answered.insert(worker.name)
        units[name.unit]?.kind = known.kind
        if let lease = units[name.unit]?[name.attempt] {
            workers[worker]?.durations.record(now - lease.granted)
            runs[name.unit.run]?.durations[name.unit.phase, default: DurationHistory()].record(now - lease.granted)
        }
        workers[worker]?.noteAnswer(at: now)
        giveBack(name, of: worker, at: now)
        update(worker, at: now)
    }

    /// Makes accepted units pending again.
    mutating func reopen(_ keys: [UnitKey]) {
        for key in keys {
            guard let unit = units[key], unit.isAccepted else { continue }
            units[key]?.isAccepted = false
            units[key]?.answered = []
            units[key]?.kind = nil
            if runs[key.run]?.pending.isEmpty == true { wake(key.run) }
            runs[key.run]?.pending.insert(unit.index)
            runs[key.run]?.unfinished += 1
        }
    }
}
