import T2Core
import T2Transport

/// Opens and closes rounds.
extension LeaseTable {
    mutating func open(_ name: String, _ keys: [UnitKey], weight: Double, at now: Instant) -> [LeaseEffect] {
        precondition(weight > 0 && weight.isFinite, "a run's weight is \(weight), expected a number above 0")
        precondition(keys.allSatisfy { $0.run == name }, "a unit of another run in the round of \(name)")
        let effects = dropUnits(of: name, reason: "the next round began", at: now)
        if runs[name] == nil {
            openedCount += 1
            runs[name] = LeasedRun(number: openedCount, weight: weight)
        }
        if runs[name]?.pending.isEmpty == true, !keys.isEmpty { wake(name) }
        runs[name]?.weight = weight
        runs[name]?.open(keys)
        for (index, key) in keys.enumerated() {
            let known = units.updateValue(LeasedUnit(key: key, index: index), forKey: key)
            precondition(known == nil, "unit \(key) stands twice in its round")
        }
        return effects
    }

    mutating func close(_ name: String, reason: String, at now: Instant) -> [LeaseEffect] {
        let effects = dropUnits(of: name, reason: reason, at: now)
        runs[name] = nil
        return effects
    }

    private mutating func dropUnits(of name: String, reason: String, at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for key in runs[name]?.keys ?? [] {
            for lease in units[key]?.leases ?? [] {
                end(lease, of: key, at: now)
                effects.append(.cancel(lease.worker, Cancel(unit: key, reason: reason)))
            }
            units[key] = nil
        }
        return effects
    }

    /// Raises the share of a run that has pending units again, so that it gets nothing for the time without any.
    mutating func wake(_ name: String) {
        let others = runs.filter { $0.key != name }.values
        let served = others.filter { !$0.pending.isEmpty }.map(\.share).min() ?? others.map(\.share).max()
        guard let served, let share = runs[name]?.share else { return }
        runs[name]?.share = max(share, served)
    }

    /// Whether some worker that is at work and not set aside has not tried the unit.
    func hasAlternative(_ unit: LeasedUnit) -> Bool {
        guard soundCount > 0 else { return false }
        return soundCount > unit.excluded.union(unit.failures.map(\.worker.name)).count { isSound($0) }
    }

    /// Whether the worker may have the unit. A unit that failed on it is kept for workers that have not tried it, for a
    /// limited time.
    func mayTry(_ key: UnitKey, _ worker: WorkerIdentifier, at now: Instant) -> Bool {
        guard let unit = units[key] else { return false }
        // The result that is held serves if no worker can audit it, so that none has to try twice.
        if let held = unit.held, unit.failed(on: worker) || !mayAudit(unit, held, worker) { return false }
        guard unit.failed(on: worker), let last = unit.lastFailure, now - last < limits.longestKept else { return true }
        return !hasAlternative(unit)
    }
}
