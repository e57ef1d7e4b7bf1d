import T2Core
import T2Transport

/// Reactions to the lanes' results, failures and progress.
extension LeaseLoop {
    mutating func progress(_ unit: UnitKey, attempt: Int, tokens: Int, at now: Instant) -> [WorkerEffect] {
        guard held[unit]?.lease.attempt == attempt else { return [] }
        held[unit]?.tokens = tokens
        guard isHeard else { return [] }
        // Leases that wait for a lane are renewed along with a unit that makes progress. If no unit makes progress, all expire.
        return held.keys.sorted().compactMap { key in
            guard let lease = held[key], !lease.isReported else { return nil }
            guard key == unit || now - lease.renewed >= limits.renewal else { return nil }
            held[key]?.renewed = now
            return .send(.progress(Progress(unit: key, attempt: lease.lease.attempt, tokens: lease.tokens)))
        }
    }

    mutating func hold(_ result: UnitResult, at now: Instant) -> [WorkerEffect] {
        guard let lease = held[result.unit], lease.lease.attempt == result.attempt, result.epoch == epoch else {
            return []
        }
        held[result.unit]?.stage = .reported(result, at: now)
        return isHeard ? [.send(.result(result))] : []
    }

    mutating func giveUp(_ failure: ErrorReport) -> [WorkerEffect] {
        guard let unit = failure.unit, held[unit]?.lease.attempt == failure.attempt else { return [] }
        held[unit] = nil
        let report = WorkerEffect.report(.failed(failure))
        guard isHeard else {
            unsentFailures.append(failure)
            return [report]
        }
        return [report, .send(.error(failure))]
    }

    /// Whether the coordinator has admitted this worker on the current connection.
    private var isHeard: Bool {
        switch state {
        case .working, .draining: true
        case .connecting, .introducing, .ended: false
        }
    }
}
