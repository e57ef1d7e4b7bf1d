import T2Core
import T2Transport

/// Handles joining, leaving and lost workers.
extension LeaseTable {
    /// Another worker with the same name that does not count as dead.
    package func namesake(of worker: WorkerIdentifier) -> WorkerIdentifier? {
        guard let other = names[worker.name], other != worker, workers[other]?.isInTouch == true else { return nil }
        return other
    }

    /// The leases that a worker holds, in the order of granting.
    func held(by worker: WorkerIdentifier) -> [LeaseName] { workers[worker]?.held.map(\.name).sorted() ?? [] }

    /// Adds a worker. A new process of a worker replaces the old one, whose leases failed with it. A worker that
    /// reconnects keeps the leases that it says it holds; the others were lost on the way.
    mutating func join(
        _ worker: WorkerIdentifier, lanes: Int, kind: String, key: String?, holding: Set<LeaseName>?, at now: Instant
    ) -> [LeaseEffect] {
        var effects: [LeaseEffect] = []
        if workers[worker] != nil {
            heard(worker, at: now)
            // The worker offers credit anew, and nothing is sent before. Earlier messages are lost or have been received.
            workers[worker]?.credit = 0
            workers[worker]?.sent = 0
            if let holding {
                for name in held(by: worker) where !holding.contains(name) { giveBack(name, of: worker, at: now) }
            }
        } else {
            if let old = names[worker.name] { effects += dismiss(old, message: "its worker was started anew", at: now) }
            joinedCount += 1
            workers[worker] = LeasedWorker(number: joinedCount, lanes: lanes, kind: kind, key: key, lastHeard: now)
            names[worker.name] = worker
            if let key, workers.values.contains(where: { $0.key != key }) {
                for (unit, state) in units where state.answeredKeys.contains(key) {
                    units[unit]?.noteJoin(of: worker.name)
                }
            }
        }
        update(worker, at: now)
        // A cancellation may also have been lost.
        for name in holding?.sorted() ?? [] where units[name.unit]?.isAccepted != false {
            effects.append(.cancel(worker, Cancel(unit: name.unit, reason: "it is not needed any more")))
        }
        return effects
    }

    mutating func remove(_ worker: WorkerIdentifier) {
        guard let state = workers.removeValue(forKey: worker) else { return }
        if names[worker.name] == worker { names[worker.name] = nil }
        if state.isSound { countSound(-1) }
        setReady(worker, state.kind, nil)
        idle.remove(worker)
        overloaded.remove(worker)
    }

    mutating func heard(_ worker: WorkerIdentifier, at instant: Instant, now: Instant? = nil) {
        guard let known = workers[worker], instant > known.lastHeard else { return }
        workers[worker]?.lastHeard = instant
        guard !known.isInTouch else { return }
        workers[worker]?.isSuspect = false
        workers[worker]?.isReachable = true
        touchChanged(worker, at: now ?? instant)
    }

    mutating func loseTouch(_ worker: WorkerIdentifier, at now: Instant) {
        guard workers[worker]?.isReachable == true else { return }
        workers[worker]?.isReachable = false
        touchChanged(worker, at: now)
    }

    mutating func touchChanged(_ worker: WorkerIdentifier, at now: Instant) {
        for held in workers[worker]?.held ?? [] { update(held.name.unit) }
        update(worker, at: now)
    }

    /// Updates this worker in the indexes of workers.
    mutating func update(_ worker: WorkerIdentifier, at now: Instant) {
        guard let state = workers[worker] else { return }
        let isSound = state.isAtWork(at: now, limits)
        if isSound != state.isSound {
            workers[worker]?.isSound = isSound
            countSound(isSound ? 1 : -1)
        }
        file(worker, state)
    }

    private mutating func file(_ worker: WorkerIdentifier, _ state: LeasedWorker) {
        if takesLeases(state) {
            let rank = ReadyRank(credit: state.credit, number: state.number)
            setReady(worker, state.kind, rank)
            if state.held.isEmpty { idle.set(worker, rank) } else { idle.remove(worker) }
        } else {
            setReady(worker, state.kind, nil)
            idle.remove(worker)
        }
        if let last = state.movable.last {
            overloaded.set(worker, OverloadRank(waiting: state.movable.count, last: last.number))
        } else {
            overloaded.remove(worker)
        }
    }

    private mutating func setReady(_ worker: WorkerIdentifier, _ kind: String, _ rank: ReadyRank?) {
        let wasReady = ready.priorities[worker] != nil
        if let rank { ready.set(worker, rank) } else { ready.remove(worker) }
        guard wasReady != (rank != nil) else { return }
        readyKinds[kind, default: 0] += wasReady ? -1 : 1
        if readyKinds[kind] == 0 { readyKinds[kind] = nil }
    }

    /// Whether the worker gets leases: one that is set aside does so only if no other worker is at work.
    func takesLeases(_ worker: LeasedWorker) -> Bool {
        worker.credit > 0 && worker.isInTouch && !worker.isDraining && (worker.asideUntil == nil || soundCount == 0)
    }

    private mutating func countSound(_ change: Int) {
        let others = soundCount > 0
        soundCount += change
        guard others != (soundCount > 0) else { return }
        for (worker, state) in workers where state.asideUntil != nil { file(worker, state) }
    }
}
