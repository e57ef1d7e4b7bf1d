import T2Core
import T2Transport

/// Judges results and failures that workers send. A lease may be answered only by its holder or by a worker to which
/// exactly that lease was once granted.
extension LeaseTable {
    mutating func judge(
        _ name: LeaseName, of worker: WorkerIdentifier, epoch: UInt64, defect: ResultDefect?, at now: Instant
    ) -> [LeaseEffect] {
        func acknowledge(_ verdict: Acknowledgement.Verdict, _ reason: String = "") -> LeaseEffect {
            .acknowledge(
                worker, Acknowledgement(unit: name.unit, attempt: name.attempt, verdict: verdict, reason: reason))
        }
        guard epoch == self.epoch else {
            return [acknowledge(.stale, "of epoch \(epoch), the coordinator now is in epoch \(self.epoch)")]
        }
        guard let state = units[name.unit] else { return [acknowledge(.stale, "not a unit of the step under way")] }
        guard !state.isAccepted else { return [acknowledge(.duplicate)] }
        guard state.wasGranted(name.attempt, to: worker) else {
            return [acknowledge(.refused, notGranted(name, in: state))]
        }
        if let defect {
            let failure = UnitFailure(
                worker: worker, attempt: name.attempt, category: defect.category, message: defect.message)
            return [acknowledge(.refused, "\(failure.category.rawValue): \(defect.message)")]
                + take(failure, of: name.unit, at: now)
        }
        guard state.isComparable(name.attempt), !state.partners.contains(worker.name) else {
            giveBack(name, of: worker, at: now)
            return [acknowledge(.stale, "it cannot be compared with the result that is held for an audit")]
        }
        return accept(state, name, of: worker, acknowledge(.accepted), at: now)
    }

    private func notGranted(_ name: LeaseName, in unit: LeasedUnit) -> String {
        (1..<unit.attempts + 1).contains(name.attempt)
            ? "attempt \(name.attempt) was not handed out to this worker"
            : "attempt \(name.attempt) was never handed out"
    }

    private mutating func accept(
        _ state: LeasedUnit, _ name: LeaseName, of worker: WorkerIdentifier, _ acknowledgement: LeaseEffect,
        at now: Instant
    ) -> [LeaseEffect] {
        let key = name.unit
        var effects: [LeaseEffect] = [.accept(key, attempt: name.attempt, by: worker), acknowledgement]
        units[key]?.isAccepted = true
        units[key]?.endAudit()
        for lease in state.leases {
            let laneSeconds = end(lease, of: key, at: now)
            guard lease.worker == worker, lease.attempt == name.attempt else {
                effects.append(.cancel(lease.worker, Cancel(unit: key, reason: "another worker was first")))
                continue
            }
            // A check takes less time than the unit.
            guard lease.checks == nil else { continue }
            workers[worker]?.durations.record(now - lease.granted)
            runs[key.run]?.durations[key.phase, default: DurationHistory()].record(now - lease.granted)
            runs[key.run]?.costs[key.phase, default: LeaseCost()].record(laneSeconds)
        }
        runs[key.run]?.pending.remove(state.index)
        workers[worker]?.noteSuccess(at: now)
        update(worker, at: now)
        runs[key.run]?.unfinished -= 1
        if runs[key.run]?.unfinished == 0 { effects.append(.roundCompleted(run: key.run)) }
        return effects
    }

    /// Handles a failure that a worker reported or that was found in its result. After the lease has ended, only non-finite
    /// numbers matter: they stop the run whenever they arrive.
    mutating func take(_ failure: UnitFailure, of key: UnitKey, at now: Instant) -> [LeaseEffect] {
        let name = LeaseName(unit: key, attempt: failure.attempt)
        func ignored(_ reason: String) -> [LeaseEffect] { [.ignored(failure.worker, name, reason: reason)] }
        guard let state = units[key] else { return ignored("not a unit of the step under way") }
        guard !state.isAccepted else { return ignored("the unit is accepted") }
        guard state.wasGranted(failure.attempt, to: failure.worker) else { return ignored(notGranted(name, in: state)) }
        if failure.category == .nonFinite { return stop(.nonFinite(key, failure), at: now) }
        guard state[failure.attempt] != nil else { return ignored("the lease has ended") }
        return fail(key, failure, at: now)
    }

    /// Ends a lease as failed.
    mutating func fail(_ key: UnitKey, _ failure: UnitFailure, at now: Instant) -> [LeaseEffect] {
        let isFromProven = workers[failure.worker]?.isProven ?? false
        units[key]?.note(failure, isFromProven: isFromProven, at: now)
        let limits = limits
        workers[failure.worker]?.noteFailure(of: key, isReported: failure.isReported, at: now, limits)
        update(failure.worker, at: now)
        giveBack(LeaseName(unit: key, attempt: failure.attempt), of: failure.worker, at: now)
        if let unit = units[key], isPoisoned(unit) { return stop(.poisoned(key, unit.failures), at: now) }
        return [.failed(key, failure)]
    }

    /// Whether the unit itself is at fault: several workers reported its failure, or few workers did so repeatedly. As
    /// long as a working worker has not tried the unit, reports do not count if they come from workers that fail other
    /// units too or that left without ever computing one.
    private func isPoisoned(_ unit: LeasedUnit) -> Bool {
        // A unit that fails at its auditors has a result all the same.
        guard unit.held == nil else { return false }
        var reports = unit.reports
        if hasAlternative(unit) {
            reports.removeAll { workers[$0.worker].map(\.failsSeveralUnits) ?? !$0.isFromProven }
        }
        return Set(reports.map(\.worker.name)).count >= limits.failuresToPoison || reports.count >= limits.mostFailures
    }

    private mutating func stop(_ stop: LeaseStop, at now: Instant) -> [LeaseEffect] {
        close(stop.unit.run, reason: "the run stopped with an error", at: now) + [.stop(stop)]
    }
}
