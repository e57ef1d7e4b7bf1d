import T2Core
import T2Transport

/// Grants and ends leases.
extension LeaseTable {
    mutating func grant(_ key: UnitKey, to worker: WorkerIdentifier, at now: Instant) -> LeaseGrant {
        // No value that contains an index is copied here, because the next change would then copy the index.
        guard let unit = units[key], let length = workers[worker].map({ limits.length(after: $0.durations) }),
            let kind = workers[worker]?.kind,
            let charge = runs[key.run].map({ $0.expectedCost(of: key.phase) / $0.weight })
        else { preconditionFailure("granted what is not there") }
        let name = LeaseName(unit: key, attempt: unit.attempts + 1)
        grantedCount += 1
        let starts = workers[worker]?.hold(grantedCount, name) == true
        let lease = UnitLease(
            worker: worker, attempt: name.attempt, number: grantedCount, granted: now, length: length,
            deadline: now + length, lastToken: now, started: starts ? now : nil, charge: charge,
            checks: unit.held.flatMap { $0.kind == kind ? nil : $0.attempt })
        units[key]?.add(lease, kind: kind)
        runs[key.run]?.pending.remove(unit.index)
        runs[key.run]?.share += charge
        workers[worker]?.credit -= 1
        workers[worker]?.sent += 1
        expectCheck(of: lease)
        update(key)
        update(worker, at: now)
        return LeaseGrant(
            unit: key, attempt: name.attempt, worker: worker, length: length, isFurtherCopy: !unit.leases.isEmpty,
            checks: lease.checks)
    }

    mutating func renew(_ progress: Progress, of worker: WorkerIdentifier, at now: Instant) {
        guard var lease = units[progress.unit]?[progress.attempt], lease.worker == worker else { return }
        if progress.tokens > lease.tokens {
            lease.tokens = progress.tokens
            lease.lastToken = now
            lease.isReportedStuck = false
            if workers[worker]?.begin(lease.number) == true { update(worker, at: now) }
        }
        // A worker that says that it is at work, and never comes to a token, is not believed for ever.
        let left = max(lease.length, limits.longestStandstill) - lease.standstill(at: now)
        lease.deadline = max(lease.deadline, now + min(lease.length, left))
        units[progress.unit]?[progress.attempt] = lease
        expectCheck(of: lease)
    }

    private mutating func expectCheck(of lease: UnitLease) {
        let check = lease.nextCheck(limits)
        nextLeaseCheck = min(nextLeaseCheck ?? check, check)
    }

    /// Removes a lease from its unit and its worker, and charges its run for the time on a lane.
    ///
    /// - Returns: that time, in seconds.
    @discardableResult
    mutating func end(_ lease: UnitLease, of key: UnitKey, at now: Instant) -> Double {
        units[key]?[lease.attempt] = nil
        if let next = workers[lease.worker]?.release(lease.number) { units[next.unit]?[next.attempt]?.started = now }
        let laneSeconds = lease.started.map { (now - $0).seconds } ?? 0
        if let weight = runs[key.run]?.weight { runs[key.run]?.share += laneSeconds / weight - lease.charge }
        update(key)
        update(lease.worker, at: now)
        return laneSeconds
    }

    /// Ends a lease without counting a failure. The unit is pending again unless another worker holds it.
    mutating func giveBack(_ name: LeaseName, of worker: WorkerIdentifier, at now: Instant) {
        let run = name.unit.run
        guard let lease = units[name.unit]?[name.attempt], lease.worker == worker else { return }
        end(lease, of: name.unit, at: now)
        guard let unit = units[name.unit], unit.leases.isEmpty, !unit.isAccepted else { return }
        if runs[run]?.pending.isEmpty == true { wake(run) }
        runs[run]?.pending.insert(unit.index)
    }

    /// Updates this unit in the indexes of units that may get a further copy.
    mutating func update(_ key: UnitKey) {
        guard let unit = units[key] else { return }
        guard let last = unit.leases.last else {
            runs[key.run]?.leased[key.phase]?.remove(key)
            outOfTouch.remove(key)
            return
        }
        let rank = CopyRank(granted: last.granted, key: key)
        runs[key.run]?.leased[key.phase, default: PriorityIndex()].set(key, rank)
        let isLost = unit.leases.allSatisfy { workers[$0.worker]?.isInTouch == false }
        if isLost { outOfTouch.set(key, rank) } else { outOfTouch.remove(key) }
    }
}
