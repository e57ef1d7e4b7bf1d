import T2Core
import T2Transport

/// What passes with time alone: expiry, silence, standstill.
extension LeaseTable {
    /// Time since the last tick beyond which this process itself was stopped, so that no worker is to blame for the silence.
    private static let longestTick: Duration = .seconds(5)
    /// Time between two looks at units that are kept back, which are not kept for ever.
    private static let keptReview: Duration = .seconds(10)

    mutating func tick(at now: Instant) -> [LeaseEffect] {
        if let lastTick, now - lastTick > Self.longestTick { forgive(now - lastTick) }
        lastTick = now
        if now >= nextKeptReview ?? now {
            mustReviewKept = true
            nextKeptReview = now + Self.keptReview
        }
        let due = leaseChecks.removeAll { $0 <= now }.sorted()
        let effects = expire(due, at: now) + watchWorkers(at: now) + reportStuck(due, at: now)
        for name in due {
            if let lease = lease(name) { leaseChecks.set(name, lease.nextCheck(policy)) }
        }
        return effects
    }

    private func lease(_ name: LeaseName) -> UnitLease? {
        units[name.unit]?.leases.first { $0.attempt == name.attempt }
    }

    private mutating func expire(_ due: [LeaseName], at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for name in due {
            guard let lease = lease(name), lease.deadline <= now else { continue }
            let failure = UnitFailure(
                worker: lease.worker, attempt: lease.attempt, category: .expired,
                message: "no progress for \(lease.length.inSeconds) after \(lease.tokens) tokens")
            effects.append(.cancel(lease.worker, Cancel(unit: name.unit, reason: "the lease expired")))
            effects += fail(name.unit, failure, at: now)
        }
        return effects
    }

    private mutating func watchWorkers(at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        let due = workerChecks.removeAll { $0 <= now }
            .sorted { workers[$0]?.number ?? 0 < workers[$1]?.number ?? 0 }
        for worker in due {
            guard let known = workers[worker] else { continue }
            let silence = now - known.lastHeard
            if silence >= policy.deadAfter {
                effects += dismiss(worker, message: "its worker was silent for \(silence.inSeconds)", at: now)
                continue
            }
            if silence >= policy.suspectAfter, !known.isSuspect {
                suspect(worker, at: now)
                effects.append(.report(.suspected(worker, silentFor: silence)))
            }
            if let until = known.asideUntil, until <= now { note({ $0.readmit() }, of: worker, at: now) }
            update(worker, at: now)
            schedule(worker, at: now)
        }
        return effects
    }

    private mutating func schedule(_ worker: WorkerIdentifier, at now: Instant) {
        guard let state = workers[worker] else { return }
        let silent = state.lastHeard + (state.isSuspect ? policy.deadAfter : policy.suspectAfter)
        let rested = state.lastAnswer.map { $0 + policy.minimumLength }.flatMap { $0 > now ? $0 : nil } ?? silent
        workerChecks.set(worker, min(silent, rested, state.asideUntil ?? silent))
    }

    mutating func dismiss(_ worker: WorkerIdentifier, message: String, at now: Instant) -> [LeaseEffect] {
        guard let lastHeard = workers[worker]?.lastHeard else { return [] }
        var effects: [LeaseEffect] = [.dismiss(worker, silentFor: now - lastHeard)]
        for held in held(by: worker) {
            effects += fail(
                held.unit,
                UnitFailure(
                    worker: worker, attempt: held.attempt, category: .vanished, message: message), at: now)
        }
        remove(worker)
        return effects
    }

    /// A lease without its first token is none of these: it waits behind others, or its worker decomposes the model; if neither
    /// moves, it expires.
    private mutating func reportStuck(_ due: [LeaseName], at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for name in due {
            guard let lease = lease(name), lease.tokens > 0, !lease.isReportedStuck else { continue }
            let standstill = now - lease.lastToken
            guard standstill >= policy.stuckAfter else { continue }
            units[name.unit]?.change(name.attempt) { $0.isReportedStuck = true }
            effects.append(.report(.stuck(lease.worker, name.unit, withoutTokenFor: standstill)))
        }
        return effects
    }

    private mutating func forgive(_ gap: Duration) {
        for worker in workers.keys { workers[worker]?.lastHeard += gap }
        for unit in units.keys { units[unit]?.postpone(by: gap) }
    }
}
