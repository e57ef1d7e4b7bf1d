import T2Core
import T2Transport

/// Reactions to time: everything that this worker waits for is reported and requested again.
extension LeaseLoop {
    mutating func watch(at now: Instant, heard: Instant?) -> [WorkerEffect] {
        switch state {
        case .connecting(let since, let reason):
            guard now >= nextWaitReport else { return [] }
            let waited = now - since
            nextWaitReport = now + min(max(waited, limits.firstReport), limits.longestReport)
            return [.report(.waiting(for: "a connection to the coordinator (\(reason))", waited))]
        case .introducing(let since) where refusedSince != nil:
            return now - since >= limits.refusalPause ? introduce(at: now) : []
        case .introducing(let since):
            guard now - since >= limits.answer else { return [] }
            return [.report(.waiting(for: "the coordinator's answer to HELLO", now - since))] + introduce(at: now)
        case .working:
            if let idleSince, now - idleSince >= limits.lease {
                // Both sides count leases from WELCOME on, so that a lost CREDIT or LEASE no longer counts after another one.
                // A worker that is idle because there is no work sends HELLO now and then.
                defer { isRecounting = true }
                return introduce(at: now)
            }
            return watchPolicies(at: now, heard: heard) + watchResults(at: now)
        case .draining:
            return watchPolicies(at: now, heard: heard) + watchResults(at: now)
        case .ended:
            return []
        }
    }

    /// Asks again for policies that have not come. While nothing at all comes, one may be on its way over a slow link, and a
    /// second one would make the wait longer.
    private mutating func watchPolicies(at now: Instant, heard: Instant?) -> [WorkerEffect] {
        var effects: [WorkerEffect] = []
        if let heard, now - heard > limits.quiet { return [] }
        for (digest, since) in awaitedPolicies where now - since >= limits.answer {
            awaitedPolicies[digest] = now
            effects.append(.report(.waiting(for: "the policy \(digest.short)", now - since)))
            effects.append(.send(.getBlob(GetBlob(digest: digest))))
        }
        return effects
    }

    private mutating func watchResults(at now: Instant) -> [WorkerEffect] {
        var effects: [WorkerEffect] = []
        let values = held.values.reduce(0) { sum, held in
            if case .reported(let result, _) = held.stage { sum + (result.output.gradient?.count ?? 0) } else { sum }
        }
        let patience = limits.acknowledgement + .seconds(4 * values / limits.slowestLink)
        for unit in held.keys.sorted() {
            guard case .reported(let result, let since) = held[unit]?.stage, now - since >= patience else { continue }
            held[unit]?.stage = .reported(result, at: now)
            effects.append(.report(.waiting(for: "the acknowledgement of \(unit)", now - since)))
            effects.append(.send(.result(result)))
        }
        return effects
    }
}
