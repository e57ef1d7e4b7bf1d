import T2Core

/// Ranges that a well-formed header may still break: what would overflow, trap or never end further in.
struct MessageCheck {
    let kind: String
    let limits: MessageLimits

    func check(_ message: Message) throws(ProtocolError) {
        switch message {
        case .hello(let body):
            try name(body.worker.name, "worker.name", bytes: 1...200)
            try name(body.fingerprint, "fingerprint")
            try range(body.lanes, "lanes", 1...65_536)
        case .credit(let body):
            try range(body.count, "count", 0...limits.rollouts)
            try range(body.received ?? 0, "received", 0...MessageLimits.counter)
        case .progress(let body):
            try check(body.unit, attempt: body.attempt)
            try range(body.tokens, "tokens", 0...MessageLimits.counter)
        case .result(let body): try check(body)
        case .welcome(let body):
            for run in body.runs { try name(run, "runs") }
        case .lease(let body): try check(body)
        case .cancel(let body): try check(body.unit, attempt: 0)
        case .acknowledgement(let body): try check(body.unit, attempt: body.attempt)
        case .error(let body):
            if let unit = body.unit { try check(unit, attempt: body.attempt ?? 0) }
            try check(body.rollouts)
        case .getBlob, .bye, .reject, .blob, .drain, .heartbeat: break
        }
    }

    private func check(_ unit: UnitKey, attempt: Int) throws(ProtocolError) {
        try name(unit.run, "unit.run")
        try range(unit.step, "unit.step", 0...MessageLimits.counter)
        try range(unit.index, "unit.index", 0...MessageLimits.counter)
        try range(attempt, "attempt", 0...MessageLimits.counter)
    }

    private func check(_ lease: Lease) throws(ProtocolError) {
        try check(lease.unit, attempt: lease.attempt)
        try range(lease.problems.count, "problems (count)", 1...limits.rollouts)
        guard lease.problems.count == lease.problemNumbers.count else {
            throw malformed(
                "problemNumbers (count)", "\(lease.problems.count), one a problem", lease.problemNumbers.count)
        }
        for problem in lease.problems { try name(problem.id, "problems.id") }
        for number in lease.problemNumbers { try range(number, "problemNumbers", 0...MessageLimits.counter) }
        try range(lease.samplesPerPrompt, "samplesPerPrompt", 1...limits.rollouts / lease.problems.count)
        if let candidates = lease.candidates {
            try range(candidates.count, "candidates.count", lease.samplesPerPrompt...lease.samplesPerPrompt)
        }
        try range(lease.sampling.maxTokens, "sampling.maxTokens", 1...limits.tokens)
        guard lease.sampling.temperature >= 0, lease.sampling.temperature.isFinite else {
            throw malformed("sampling.temperature", "0 or more", lease.sampling.temperature)
        }
        try duration(lease.lengthSeconds, "lengthSeconds")
    }

    private func check(_ result: UnitResult) throws(ProtocolError) {
        try check(result.unit, attempt: result.attempt)
        try check(result.rollouts)
        let statistics = result.statistics
        try range(statistics.promptTokens, "statistics.promptTokens", 0...MessageLimits.counter)
        try range(statistics.completionTokens, "statistics.completionTokens", 0...MessageLimits.counter)
        try range(statistics.equalRewardGroups, "statistics.equalRewardGroups", 0...MessageLimits.counter)
    }

    private func check(_ rollouts: [RolloutReport]) throws(ProtocolError) {
        for rollout in rollouts {
            try name(rollout.problem, "rollouts.problem")
            try range(rollout.problemNumber, "rollouts.problemNumber", 0...MessageLimits.counter)
            try range(rollout.sample, "rollouts.sample", 0...MessageLimits.counter)
        }
    }

    private func range(_ value: Int, _ field: String, _ allowed: ClosedRange<Int>) throws(ProtocolError) {
        guard allowed.contains(value) else {
            throw malformed(field, "\(allowed.lowerBound) to \(allowed.upperBound)", value)
        }
    }

    /// More than zero, and few enough to be added to an instant.
    private func duration(_ seconds: Double, _ field: String) throws(ProtocolError) {
        guard seconds > 0, seconds <= 1e7 else {
            throw malformed(field, "more than 0 and at most 1e7 seconds", seconds)
        }
    }

    private func name(_ text: String, _ field: String, bytes: ClosedRange<Int>? = nil) throws(ProtocolError) {
        let allowed = bytes ?? 0...limits.nameBytes
        guard allowed.contains(text.utf8.count) else {
            throw malformed(field, "\(allowed.lowerBound) to \(allowed.upperBound) bytes", text.utf8.count)
        }
    }

    private func malformed(_ field: String, _ expected: String, _ found: some CustomStringConvertible) -> ProtocolError
    {
        .malformedHeader(kind: kind, problem: "\(field): expected \(expected), found \(found)")
    }
}
