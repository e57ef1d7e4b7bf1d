import BitCollections
import T2Core

/// Checks the invariants without using any index. For tests.
extension LeaseTable {
    /// The violated invariants.
    ///
    /// - Parameter isSettled: whether the last event ended with the assignment of units; one that stops a run does not.
    /// - Cost: O(W·U) for W workers and U units.
    package func problems(at now: Instant, isSettled: Bool = true) -> [String] {
        problemsOfUnits + problemsOfRuns(at: now) + problemsOfWorkers(at: now) + problemsOfChecks
            + (isSettled ? problemsOfAssignment(at: now) : [])
    }

    private var problemsOfUnits: [String] {
        units.values.flatMap { unit in
            [
                (unit.leases.map(\.granted) == unit.leases.map(\.granted).sorted(), "copies in no order"),
                (Set(unit.leases.map(\.worker)).count == unit.leases.count, "two copies at one worker"),
                (unit.leases.allSatisfy { workers[$0.worker] != nil }, "leased to a worker that is not here"),
                (unit.leases.allSatisfy { unit.wasGranted($0.attempt, to: $0.worker) }, "a holder is not remembered"),
                (!unit.isAccepted || unit.leases.isEmpty, "accepted and leased"),
                (unit.leases.allSatisfy { unit.isComparable($0.attempt) }, "leased for nothing"),
                (
                    (unit.held == nil) == unit.answered.isEmpty && (unit.held != nil || unit.partners.isEmpty),
                    "who answered"
                ),
                (!unit.isAccepted || unit.held == nil, "accepted and held"),
                (!unit.leases.contains { unit.excluded.contains($0.worker.name) }, "leased to a worker that answered"),
                (unit.failures.count <= LeasedUnit.memory, "too many failures remembered"),
                (runs[unit.key.run]?.keys[unit.index] == unit.key, "not a unit of its run's round"),
            ].filter { !$0.0 }.map { "unit \(unit.key): \($0.1)" }
        }
    }

    private func problemsOfRuns(at now: Instant) -> [String] {
        runs.flatMap { name, run in
            let open = run.keys.compactMap { units[$0] }
            let pending = open.filter { !$0.isAccepted && $0.leases.isEmpty }
            var leased: [Phase: [UnitKey: CopyRank]] = [:]
            for unit in open {
                guard let last = unit.leases.map(\.granted).max() else { continue }
                leased[unit.key.phase, default: [:]][unit.key] = CopyRank(granted: last, key: unit.key)
            }
            return [
                (open.count == run.keys.count, "units are missing"),
                (run.unfinished == open.count { !$0.isAccepted }, "unfinished units miscounted"),
                (run.pending == BitSet.Counted(pending.map(\.index)), "pending units"),
                (run.leased.mapValues(\.priorities).filter { !$0.value.isEmpty } == leased, "units that are leased"),
                (run.leased.values.allSatisfy(\.isCompact), "index of units that are leased grows"),
                (run.share.isFinite, "share \(run.share)"),
            ].filter { !$0.0 }.map { "run \(name): \($0.1)" }
        }
    }

    private func problemsOfWorkers(at now: Instant) -> [String] {
        var leases: [WorkerIdentifier: [(key: UnitKey, lease: UnitLease)]] = [:]
        for unit in units.values {
            for lease in unit.leases { leases[lease.worker, default: []].append((unit.key, lease)) }
        }
        var found: [String] = []
        var (served, empty): ([WorkerIdentifier: ReadyRank], [WorkerIdentifier: ReadyRank]) = ([:], [:])
        var loaded: [WorkerIdentifier: OverloadRank] = [:]
        for (worker, state) in workers {
            let held = leases[worker, default: []].sorted { $0.lease.number < $1.lease.number }
            let waiting = held.dropFirst(state.lanes).filter { $0.lease.tokens == 0 }
            if state.credit > 0, state.isInTouch, !state.isDraining, state.asideUntil == nil || soundCount == 0 {
                served[worker] = ReadyRank(credit: state.credit, number: state.number)
                if held.isEmpty { empty[worker] = served[worker] }
            }
            if let last = waiting.last {
                loaded[worker] = OverloadRank(waiting: waiting.count, last: last.lease.number)
            }
            let mayTake = state.isInTouch && !state.isDraining && state.asideUntil == nil
            let takes = mayTake && (state.credit > 0 || !held.isEmpty)
            found += [
                (names[worker.name] == worker, "not known by its name"),
                (state.credit >= 0, "more leases than credit"),
                (
                    self.held(by: worker) == held.map { LeaseName(unit: $0.key, attempt: $0.lease.attempt) }.sorted(),
                    "leases"
                ),
                (state.movable.map(\.number) == waiting.map(\.lease.number), "leases that wait"),
                (held.prefix(state.lanes).allSatisfy { $0.lease.started != nil }, "a lane stands still"),
                (held.dropFirst(state.lanes).allSatisfy { $0.lease.started == nil }, "more than its lanes at work"),
                (state.isSound == takes || (state.lastAnswer != nil && mayTake), "sound: \(state.isSound)"),
            ].filter { !$0.0 }.map { "worker \(worker): \($0.1)" }
        }
        found += [
            (names.count == workers.count, "names of workers"),
            (soundCount == workers.values.count { $0.isSound }, "sound workers miscounted"),
            (ready.priorities == served, "workers with credit"),
            (readyKinds == served.keys.reduce(into: [:]) { $0[workers[$1]!.kind, default: 0] += 1 }, "their kinds"),
            (idle.priorities == empty, "idle workers"),
            (overloaded.priorities == loaded, "workers with leases that wait"),
            (ready.isCompact && idle.isCompact && overloaded.isCompact, "an index of workers grows"),
        ].filter { !$0.0 }.map { $0.1 }
        return found
    }

    private var problemsOfChecks: [String] {
        var (checks, lost): ([Instant], [UnitKey: CopyRank]) = ([], [:])
        for unit in units.values {
            for lease in unit.leases { checks.append(lease.nextCheck(limits)) }
            if let last = unit.leases.last, !unit.leases.contains(where: { workers[$0.worker]?.isInTouch != false }) {
                lost[unit.key] = CopyRank(granted: last.granted, key: unit.key)
            }
        }
        return [
            (checks.allSatisfy { (nextLeaseCheck ?? $0 + .seconds(1)) <= $0 }, "a lease is looked at too late"),
            (outOfTouch.priorities == lost, "units at workers out of touch"),
            (outOfTouch.isCompact, "the index of units at workers out of touch grows"),
        ].filter { !$0.0 }.map { $0.1 }
    }

    /// The assignments that are still possible.
    private func problemsOfAssignment(at now: Instant) -> [String] {
        var found: [String] = []
        guard !isPaused else { return found }
        for (worker, state) in workers where takesLeases(state) {
            func may(_ unit: LeasedUnit) -> Bool {
                mayAuditByDefinition(unit, worker) && (!unit.failed(on: worker) || !isKept(unit, at: now))
            }
            for unit in units.values where !unit.isAccepted {
                if unit.leases.isEmpty, may(unit) { found.append("\(worker) could have been given \(unit.key)") }
                guard let lease = unit.leases.last, !unit.leases.contains(where: { $0.worker == worker }), may(unit)
                else { continue }
                let usual = runs[unit.key.run]?.durations[unit.key.phase]?.percentile(0.5)
                let patience = usual.map { $0 * limits.copyFactor } ?? limits.minimumLength
                let isLost = unit.leases.allSatisfy { workers[$0.worker]?.isInTouch == false }
                if now - lease.granted >= patience || isLost {
                    found.append("\(worker) could have been given a copy of \(unit.key)")
                }
                guard unit.leases.count == 1 else { continue }
                guard state.held.isEmpty, lease.started == nil, lease.tokens == 0 else { continue }
                found.append("\(worker) could have taken \(unit.key) over")
            }
        }
        return found
    }

    private func mayAuditByDefinition(_ unit: LeasedUnit, _ worker: WorkerIdentifier) -> Bool {
        guard let held = unit.held else { return true }
        let (own, names) = (workers[worker]?.kind == held.kind, unit.leases.map(\.worker.name))
        return !unit.excluded.contains(worker.name) && !unit.failed(on: worker)
            && (own
                || limits.auditsAcrossKinds
                    && !workers.contains { other, state in
                        state.kind == held.kind && takesLeases(state) && !unit.excluded.contains(other.name)
                            && !unit.failed(on: other) && !names.contains(other.name)
                    })
    }

    private func isKept(_ unit: LeasedUnit, at now: Instant) -> Bool {
        guard let failed = unit.lastFailure, now - failed < limits.longestKept else { return false }
        return workers.contains { worker, state in
            state.isSound && !unit.failed(on: worker) && !unit.excluded.contains(worker.name)
        }
    }
}
