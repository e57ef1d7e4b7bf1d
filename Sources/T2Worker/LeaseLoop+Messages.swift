import T2Core
import T2Engine
import T2Transport

/// Reactions to the coordinator's messages.
extension LeaseLoop {
    mutating func receive(_ message: Message, at now: Instant) -> [WorkerEffect] {
        switch message {
        case .welcome(let welcome): return enter(welcome, at: now)
        case .reject(let reject): return refuse(reject, at: now)
        case .lease(let lease): return take(lease, at: now)
        case .blob(let blob): return adopt(blob, at: now)
        case .cancel(let cancel):
            guard let lease = held.removeValue(forKey: cancel.unit) else { return [] }
            forgetUnneededPolicies()
            let abandon: [WorkerEffect] = lease.isReported ? [] : [.abandon(cancel.unit, attempt: lease.lease.attempt)]
            return abandon + [.report(.cancelled(cancel.unit, reason: cancel.reason))]
        case .acknowledgement(let acknowledgement):
            if let known = held[acknowledgement.unit], known.isReported, known.lease.attempt == acknowledgement.attempt
            {
                held[acknowledgement.unit] = nil
            }
            return [.report(.acknowledged(acknowledgement))]
        case .drain(let drain):
            state = .draining(reason: drain.reason, since: now)
            outstandingCredit = 0
            return [.report(.draining(reason: drain.reason))]
        case .error(let report): return hear(report, at: now)
        case .heartbeat: return []
        case .model, .chunk: return ignored(message.kind, "it was not asked for")
        case .hello, .credit, .getBlob, .getModel, .getChunk, .progress, .result, .bye:
            return ignored(message.kind, "only workers send it")
        }
    }

    /// Handles an ERROR. One about a policy ends the leases that wait for it; one about an unknown worker is answered by HELLO;
    /// all others are only logged.
    private mutating func hear(_ report: ErrorReport, at now: Instant) -> [WorkerEffect] {
        var effects: [WorkerEffect] = [.report(.coordinatorError(report))]
        if report.category == .unknownPolicy, let policy = report.policy,
            awaitedPolicies.removeValue(forKey: policy) != nil
        {
            effects += awaiting(policy).flatMap {
                giveUp(
                    ErrorReport(
                        unit: $0.unit, attempt: $0.attempt, category: report.category, message: report.message,
                        policy: policy))
            }
        }
        if report.category == .unknownWorker, state == .working { effects += introduce(at: now) }
        return effects
    }

    /// Handles a refusal. One that passes, such as that the coordinator still counts on the process before this one, is
    /// waited out for a while.
    private mutating func refuse(_ reject: Reject, at now: Instant) -> [WorkerEffect] {
        let since = refusedSince ?? now
        guard reject.isTemporary == true, now - since < limits.refusal else {
            return drop() + [.end(.rejected(reason: reject.reason, remedy: reject.remedy))]
        }
        defer { refusedSince = since }
        state = .introducing(since: now)
        return refusedSince == nil ? [.report(.waiting(for: "admission: \(reject.reason)", .zero))] : []
    }

    private mutating func enter(_ welcome: Welcome, at now: Instant) -> [WorkerEffect] {
        guard case .introducing = state else { return ignored(.welcome, "no HELLO was sent") }
        state = .working
        refusedSince = nil
        receivedLeases = 0
        var effects: [WorkerEffect] = []
        if !isRecounting || epoch != welcome.epoch {
            effects.append(.report(.welcomed(epoch: welcome.epoch, runs: welcome.runs)))
        }
        if let epoch, epoch != welcome.epoch {
            effects.append(.report(.epochChanged(dropped: held.count)))
            effects += drop()
        }
        epoch = welcome.epoch
        effects += unsentFailures.map { .send(.error($0)) }
        unsentFailures = []
        // Results and requests that may have been lost with the connection are sent again.
        for unit in held.keys.sorted() {
            guard case .reported(let result, _) = held[unit]?.stage else { continue }
            held[unit]?.stage = .reported(result, at: now)
            effects.append(.send(.result(result)))
        }
        for digest in awaitedPolicies.keys.sorted(by: { $0.hexadecimal < $1.hexadecimal }) {
            awaitedPolicies[digest] = now
            effects.append(.send(.getBlob(GetBlob(digest: digest))))
        }
        return effects
    }

    private mutating func take(_ lease: Lease, at now: Instant) -> [WorkerEffect] {
        func ignored(_ reason: String) -> [WorkerEffect] { self.ignored(.lease, "\(lease.name): \(reason)") }
        guard let epoch, lease.epoch == epoch else { return ignored("it belongs to another epoch") }
        guard state == .working else { return ignored("this worker accepts no leases now") }
        outstandingCredit = max(0, outstandingCredit - 1)
        receivedLeases += 1
        var effects: [WorkerEffect] = []
        if let old = held[lease.unit] {
            guard old.lease.attempt != lease.attempt else { return ignored("this worker holds it already") }
            if !old.isReported { effects.append(.abandon(lease.unit, attempt: old.lease.attempt)) }
        }
        effects.append(.report(.leased(lease)))
        held[lease.unit] = HeldLease(lease: lease, stage: .awaitingPolicies, renewed: now)
        let missing = lease.work.policies.filter { policy($0) == nil }
        for digest in missing where awaitedPolicies[digest] == nil {
            awaitedPolicies[digest] = now
            effects.append(.send(.getBlob(GetBlob(digest: digest))))
        }
        return effects + (missing.isEmpty ? start(lease) : [])
    }

    /// Starts a lease if all its policies have arrived.
    private mutating func start(_ lease: Lease) -> [WorkerEffect] {
        let found = lease.work.policies.compactMap { policy($0) }
        guard found.count == lease.work.policies.count else { return [] }
        for digest in lease.work.policies {
            guard let index = policies.firstIndex(where: { $0.digest == digest }) else { continue }
            policies.append(policies.remove(at: index))
        }
        held[lease.unit]?.stage = .withLanes
        return [.start(lease, found)]
    }

    private func policy(_ digest: Digest) -> Policy? {
        digest == Policy.baseDigest ? .base : policies.first { $0.digest == digest }?.policy
    }

    private mutating func adopt(_ blob: Blob, at now: Instant) -> [WorkerEffect] {
        guard awaitedPolicies.removeValue(forKey: blob.digest) != nil else {
            return ignored(.blob, "\(blob.digest.short) was not requested")
        }
        let waiting = awaiting(blob.digest)
        if let name = blob.policy.vector?.firstNonFinite {
            let error = UnitError.nonFinite(
                quantity: "z of '\(name)', as the coordinator sent it,",
                remedy: "Start a new run with a lower learning-rate in another --run-dir.")
            return waiting.flatMap {
                giveUp(
                    ErrorReport(
                        unit: $0.unit, attempt: $0.attempt, category: error.category, message: error.description))
            }
        }
        policies.append(blob)
        let effects = waiting.flatMap { start($0) }
        forgetUnneededPolicies()
        return effects
    }

    /// The leases that wait for a policy, in unit order.
    private func awaiting(_ policy: Digest) -> [Lease] {
        held.values.filter { held in
            if case .awaitingPolicies = held.stage { held.lease.work.policies.contains(policy) } else { false }
        }.map(\.lease).sorted { $0.unit < $1.unit }
    }

    /// Stops waiting for policies that no lease needs any more, and drops the least recently used ones.
    private mutating func forgetUnneededPolicies() {
        let needed = Set(held.values.flatMap(\.lease.work.policies))
        awaitedPolicies = awaitedPolicies.filter { needed.contains($0.key) }
        let unneeded = policies.filter { !needed.contains($0.digest) }.map(\.digest)
        let dropped = Set(unneeded.dropLast(Self.keptPolicies))
        policies.removeAll { dropped.contains($0.digest) }
    }
}
