import T2Core
import T2Transport

/// What there is to do.
extension LeaseTable {
    mutating func open(_ name: String, _ keys: [UnitKey], weight: Double, at now: Instant) -> [LeaseEffect] {
        precondition(weight > 0 && weight.isFinite, "a run's weight is \(weight), expected a number above 0")
        precondition(keys.allSatisfy { $0.run == name }, "a unit of another run in the round of \(name)")
        let effects = dropUnits(of: name, reason: "the next round began", at: now)
        if runs[name] == nil {
            openedCount += 1
            runs[name] = LeasedRun(number: openedCount, weight: weight, share: 0)
        }
        if runs[name]?.pendingCount == 0, !keys.isEmpty { wake(name) }
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

    /// A run has units to hand out again. It is given nothing for the time without.
    private mutating func wake(_ name: String) {
        let others = runs.filter { $0.key != name }.values
        let served = others.filter { $0.pendingCount > 0 }.map(\.share).min() ?? others.map(\.share).max()
        guard let served, let share = runs[name]?.share else { return }
        runs[name]?.share = max(share, served)
    }

    /// The unit is to be handed out. It is kept from workers on which it failed, if others may do better.
    mutating func pend(_ key: UnitKey, at now: Instant) {
        guard let unit = units[key] else { return }
        if runs[key.run]?.pendingCount == 0 { wake(key.run) }
        runs[key.run]?.pend(unit)
        review(key, at: now)
    }

    mutating func unpend(_ key: UnitKey) {
        guard let unit = units[key] else { return }
        runs[key.run]?.unpend(unit)
        units[key]?.isKeptBack = false
    }

    /// Keeps all pending units that failed from the workers on which they did, as far as others may do better.
    mutating func reviewKept(at now: Instant) {
        mustReviewKept = false
        let retried = runs.values.flatMap { run in run.retried.map { run.keys[$0] } }
        for key in retried { review(key, at: now) }
    }

    private mutating func review(_ key: UnitKey, at now: Instant) {
        guard let unit = units[key], !unit.failures.isEmpty else { return }
        let isKeptBack = mustBeKept(unit, at: now)
        guard isKeptBack != unit.isKeptBack else { return }
        if isKeptBack { runs[key.run]?.keepBack(unit) } else { runs[key.run]?.release(unit) }
        units[key]?.isKeptBack = isKeptBack
    }

    /// Whether a unit that failed is kept from workers on which it did: while others work that have not tried it, and not for
    /// ever.
    func mustBeKept(_ unit: LeasedUnit, at now: Instant) -> Bool {
        guard let failed = unit.lastFailure, now - failed < policy.longestKept else { return false }
        return hasAlternative(unit)
    }

    /// Whether a worker that is at work, and is not set aside, has not tried the unit.
    func hasAlternative(_ unit: LeasedUnit) -> Bool {
        soundCount > unit.tried.count { names[$0].flatMap { workers[$0]?.isSound } ?? false }
    }

    /// Whether the worker may be given the unit.
    func mayTry(_ key: UnitKey, _ worker: WorkerIdentifier, at now: Instant) -> Bool {
        guard let unit = units[key] else { return false }
        return !unit.failed(on: worker) || !mustBeKept(unit, at: now)
    }
}
