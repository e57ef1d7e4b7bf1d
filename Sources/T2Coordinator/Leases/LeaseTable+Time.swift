import T2Core
import T2Transport

/// What passes with time alone: expiry, silence, standstill.
extension LeaseTable {
    mutating func expire(at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for unit in units.keys.sorted() {
            for lease in units[unit]?.leases ?? [] where lease.deadline <= now {
                let failure = UnitFailure(
                    worker: lease.worker, attempt: lease.attempt, category: "expired",
                    message: "no progress for \(lease.length.inSeconds) after \(lease.tokens) tokens")
                effects.append(.cancel(lease.worker, Cancel(unit: unit, reason: "the lease expired")))
                effects += fail(unit, failure)
            }
        }
        return effects
    }

    mutating func watchWorkers(at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for (worker, state) in workers.sorted(by: { $0.value.number < $1.value.number }) {
            let silence = now - state.lastHeard
            if silence >= policy.deadAfter {
                effects += dismiss(worker, message: "its worker was silent for \(silence.inSeconds)", at: now)
            } else if silence >= policy.suspectAfter, !state.isSuspect {
                workers[worker]?.isSuspect = true
                effects.append(.report(.suspected(worker, silentFor: silence)))
            }
        }
        return effects
    }

    mutating func dismiss(_ worker: WorkerIdentifier, message: String, at now: Instant) -> [LeaseEffect] {
        guard let state = workers[worker] else { return [] }
        var effects: [LeaseEffect] = [.dismiss(worker, silentFor: now - state.lastHeard)]
        for held in held(by: worker) {
            effects += fail(
                held.key,
                UnitFailure(worker: worker, attempt: held.attempt, category: UnitFailure.vanished, message: message))
        }
        workers[worker] = nil
        return effects
    }

    /// A lease without its first token is none of these: it waits behind others, or its worker decomposes the model; if neither
    /// moves, it expires.
    mutating func reportStuck(at now: Instant) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        for unit in units.keys.sorted() {
            for lease in units[unit]?.leases ?? [] where lease.tokens > 0 && !lease.isReportedStuck {
                let standstill = now - lease.lastToken
                guard standstill >= policy.stuckAfter else { continue }
                units[unit]?.markStuck(attempt: lease.attempt)
                effects.append(.report(.stuck(lease.worker, unit, withoutTokenFor: standstill)))
            }
        }
        return effects
    }
}
