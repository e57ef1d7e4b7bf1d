import T2Core
import T2Transport

/// What the lanes say.
extension LeaseLoop {
    mutating func progress(_ unit: UnitKey, attempt: Int, tokens: Int, at now: Instant) -> [WorkerEffect] {
        guard held[unit]?.lease.attempt == attempt else { return [] }
        held[unit]?.tokens = tokens
        guard isHeard else { return [] }
        // A lane that moves will come to what waits behind it: those leases are renewed with it. If all lanes stand still,
        // everything expires, as it should.
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

    /// Whether the coordinator knows this worker at the moment.
    private var isHeard: Bool {
        switch state {
        case .working, .draining: true
        case .connecting, .introducing, .ended: false
        }
    }
}
