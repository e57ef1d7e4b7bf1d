import T2Core
import T2Transport

/// Handles the effects of elapsed time: expired leases, silent workers and stuck leases.
extension LeaseTable {
    /// If ticks are further apart than this, the process itself was stopped, and the silence of workers does not count.
    private static let longestTick: Duration = .seconds(5)

    mutating func tick(at now: Instant) -> [LeaseEffect] {
        if let lastTick, now - lastTick > Self.longestTick { forgive(now - lastTick, at: now) }
        lastTick = now
        guard let nextLeaseCheck, nextLeaseCheck <= now else { return watchWorkers(at: now) }
        let due = leaseChecks().filter { $0.time <= now }.map(\.name).sorted()
        let effects = expire(due, at: now) + watchWorkers(at: now) + reportStuck(due, at: now)
        self.nextLeaseCheck = leaseChecks().map(\.time).min()
        return effects
    }

    /// All leases, each with the time of its next check.
    private func leaseChecks() -> [(name: LeaseName, time: Instant)] {
        workers.values.flatMap(\.held).compactMap { held in
            units[held.name.unit]?[held.name.attempt].map { (held.name, $0.nextCheck(limits)) }
        }
    }

    private mutating func expire(_ due: [LeaseName], at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for name in due {
            guard let lease = units[name.unit]?[name.attempt], lease.deadline <= now else { continue }
            let standstill = lease.standstill(at: now)
            let isHeard = standstill >= max(lease.length, limits.longestStandstill)
            let failure = UnitFailure(
                worker: lease.worker, attempt: lease.attempt, category: .expired,
                message: (isHeard
                    ? "no new token for \(standstill.inSeconds)" : "no progress for \(lease.length.inSeconds)")
                    + " after \(lease.tokens) tokens")
            effects.append(.cancel(lease.worker, Cancel(unit: name.unit, reason: "the lease expired")))
            effects += fail(name.unit, failure, at: now)
        }
        return effects
    }

    private mutating func watchWorkers(at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        let due = workers.filter { $0.value.isDue(at: now, limits) }.sorted { $0.value.number < $1.value.number }
        for (worker, known) in due {
            let silence = now - known.lastHeard
            if silence >= limits.deadAfter {
                effects += dismiss(worker, message: "its worker was silent for \(silence.inSeconds)", at: now)
                continue
            }
            if silence >= limits.suspectAfter, !known.isSuspect {
                workers[worker]?.isSuspect = true
                touchChanged(worker, at: now)
                effects.append(.suspected(worker, silentFor: silence))
            }
            // The worker may have units again; one more failure sets it aside for longer.
            if let until = known.asideUntil, until <= now { workers[worker]?.asideUntil = nil }
            update(worker, at: now)
        }
        return effects
    }

    mutating func dismiss(_ worker: WorkerIdentifier, message: String, at now: Instant) -> [LeaseEffect] {
        guard let lastHeard = workers[worker]?.lastHeard else { return [] }
        var effects: [LeaseEffect] = [.dismiss(worker, silentFor: now - lastHeard)]
        for held in held(by: worker) {
            let failure = UnitFailure(worker: worker, attempt: held.attempt, category: .vanished, message: message)
            effects += fail(held.unit, failure, at: now)
        }
        remove(worker)
        return effects
    }

    /// A lease without its first token is not stuck: it waits behind others, or its worker decomposes the model. If
    /// neither makes progress, the lease expires.
    private mutating func reportStuck(_ due: [LeaseName], at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for name in due {
            guard let lease = units[name.unit]?[name.attempt], lease.tokens > 0, !lease.isReportedStuck else {
                continue
            }
            let standstill = now - lease.lastToken
            guard standstill >= limits.stuckAfter else { continue }
            units[name.unit]?[name.attempt]?.isReportedStuck = true
            effects.append(.stuck(lease.worker, name.unit, withoutTokenFor: standstill))
        }
        return effects
    }

    private mutating func forgive(_ gap: Duration, at now: Instant) {
        for (worker, known) in workers { workers[worker]?.lastHeard = min(known.lastHeard + gap, now) }
        for unit in units.keys { units[unit]?.postpone(by: gap) }
    }
}
