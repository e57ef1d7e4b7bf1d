import T2Core
import T2Jobs

extension Dispatcher {
    /// The state at this moment.
    ///
    /// - Cost: O(U + W log W) for U open units and W workers, without waiting for anything; leases are in no order.
    package func snapshot() -> DispatcherSnapshot {
        let now = now()
        func seconds(since instant: ContinuousClock.Instant) -> Double { max(0, (now - instant).seconds) }
        var counts = counts
        counts.leases = table.grantedCount
        counts.malformedMessages = malformedCount
        return DispatcherSnapshot(
            isPaused: table.isPaused, isStopping: isStopped, runs: visibleRuns,
            workers: table.workers.sorted { $0.key.name < $1.key.name }.map { identifier, worker in
                let tally = tallies[identifier]
                return DispatcherSnapshot.Worker(
                    name: identifier.name, state: worker.visibleState, lanes: worker.lanes,
                    lanesBusy: min(worker.lanes, worker.held.count), leases: worker.held.count,
                    joinedSeconds: tally.map { seconds(since: $0.joined) } ?? 0,
                    lastHeardSeconds: seconds(since: worker.lastHeard), machine: tally?.machine ?? "",
                    units: tally?.units ?? 0, tokens: tally?.tokens ?? 0,
                    tokensPerSecond: tally?.tokensPerSecond(at: now) ?? 0)
            },
            refusals: refusals.all.map { DispatcherSnapshot.Refusal(worker: $0.worker, reason: $0.reason) },
            leases: table.units.values.flatMap { unit in
                unit.leases.map { table.visibleLease($0, of: unit.key, at: now) }
            }, quietSeconds: seconds(since: lastAccepted), counts: counts, endpoint: transport.endpoint)
    }

    private var visibleRuns: [DispatcherSnapshot.Run] {
        var runs: [String: DispatcherSnapshot.Run] = [:]
        for (name, open) in rounds {
            runs[name] = DispatcherSnapshot.Run(
                name: name, step: open.round.step, phase: open.progress.phase,
                completions: open.progress.completed, completionsTotal: open.progress.total,
                tokens: open.progress.tokens)
        }
        for unit in table.units.values {
            let run = unit.key.run
            runs[run]?.units += 1
            if unit.isAccepted { runs[run]?.unitsAccepted += 1 }
            guard !unit.isAccepted else { continue }
            if unit.leases.isEmpty { runs[run]?.unitsPending += 1 } else { runs[run]?.unitsLeased += 1 }
            runs[run]?.tokens += unit.leases.map(\.tokens).max() ?? 0
        }
        return runs.values.sorted { $0.name < $1.name }
    }
}

extension LeasedWorker {
    fileprivate var visibleState: DispatcherSnapshot.Worker.State {
        if !isInTouch { return .silent }
        if isDraining { return .draining }
        if asideUntil != nil { return .setAside }
        return held.isEmpty ? .idle : .working
    }
}

extension LeaseTable {
    fileprivate func visibleLease(
        _ lease: UnitLease, of key: UnitKey, at now: Instant
    ) -> DispatcherSnapshot.Lease {
        let usual = runs[key.run]?.durations[key.phase]?.percentile(0.5)
        let age = now - lease.granted
        let state: DispatcherSnapshot.Lease.State =
            if workers[lease.worker]?.isInTouch != true {
                .silent
            } else if lease.started == nil, lease.tokens == 0 {
                .queued
            } else if lease.tokens == 0 {
                .starting
            } else if now - lease.lastToken >= limits.stuckAfter {
                .stuck
            } else if let usual, age > usual * limits.copyFactor {
                .slow
            } else {
                .computing
            }
        return DispatcherSnapshot.Lease(
            run: key.run, step: key.step, phase: key.phase, unit: key.index, attempt: lease.attempt,
            worker: lease.worker.name, state: state, tokens: lease.tokens, sinceSeconds: age.seconds,
            lastTokenSeconds: (now - lease.lastToken).seconds, expiresInSeconds: (lease.deadline - now).seconds,
            usualSeconds: usual?.seconds)
    }
}
