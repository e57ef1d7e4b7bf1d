import T2Core

/// Checks the ranges of a well-formed header's values, so that no later code overflows, traps or loops without end.
struct MessageCheck {
    let kind: String
    let limits: MessageLimits

    func check(_ message: Message) throws(ProtocolError) {
        switch message {
        case .hello(let body):
            try range(body.worker.name.utf8.count, "worker.name", WorkerIdentifier.nameBytes, unit: " bytes")
            guard printable(body.worker.name) == body.worker.name else {
                throw malformed("worker.name", "printable characters", printable(body.worker.name))
            }
            try name(body.fingerprint, "fingerprint")
            try range(body.lanes, "lanes", 1...65_536)
            try range(body.taskVersions?.count ?? 0, "taskVersions (count)", 0...limits.tasks)
            for (task, version) in body.taskVersions ?? [:] {
                try name(task, "taskVersions")
                try name(version, "taskVersions")
            }
            try range(body.holding?.count ?? 0, "holding (count)", 0...limits.completions)
            for lease in body.holding ?? [] { try check(lease.unit, attempt: lease.attempt) }
        case .credit(let body):
            try range(body.count, "count", 0...limits.completions)
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
            try check(body.completions)
        case .model(let body): try check(body)
        case .getChunk(let body): try range(body.offset, "offset", 0...MessageLimits.counter)
        case .chunk(let body):
            try range(body.offset, "offset", 0...MessageLimits.counter)
            try range(body.bytes.count, "bytes", 0...MessageLimits.chunkBytes)
        case .getBlob, .getModel, .bye, .reject, .blob, .drain, .heartbeat: break
        }
    }

    private func check(_ unit: UnitKey, attempt: Int) throws(ProtocolError) {
        try name(unit.run, "unit.run")
        try range(unit.step, "unit.step", 0...MessageLimits.counter)
        try range(unit.index, "unit.index", 0...MessageLimits.counter)
        try range(attempt, "attempt", 0...MessageLimits.counter)
    }

    private func check(_ lease: Lease) throws(ProtocolError) {
        let work = lease.work
        try check(work.key, attempt: lease.attempt)
        try range(work.problems.count, "work.problems (count)", 1...limits.completions)
        guard work.problems.count == work.problemIndices.count else {
            throw malformed(
                "work.problemIndices (count)", "\(work.problems.count), one per problem", work.problemIndices.count)
        }
        for problem in work.problems { try name(problem.id, "work.problems.id") }
        for index in work.problemIndices {
            try range(index, "work.problemIndices", 0...RandomStream.limits.problem - 1)
        }
        try range(work.policies.count, "work.policies (count)", 1...limits.policies)
        try range(work.sequences.count, "work.sequences (count)", 1...limits.completions)
        for sequence in work.sequences {
            try range(sequence.problem, "work.sequences.problem", 0...work.problems.count - 1)
            try range(sequence.sample, "work.sequences.sample", 0...RandomStream.limits.sample - 1)
            try range(sequence.policy, "work.sequences.policy", 0...work.policies.count - 1)
        }
        if let sampling = work.sampling { try check(sampling) }
        if let tokens = lease.tokens {
            guard tokens.count == work.sequences.count else {
                throw malformed("tokens (count)", "\(work.sequences.count), one list per sequence", tokens.count)
            }
            try range(tokens.reduce(0) { $0 + $1.count }, "tokens (total)", 0...limits.tokens)
        }
        // Short enough to be added to an instant.
        guard lease.lengthSeconds > 0, lease.lengthSeconds <= 1e7 else {
            throw malformed("lengthSeconds", "more than 0 and at most 1e7 seconds", lease.lengthSeconds)
        }
    }

    private func check(_ sampling: Sampling) throws(ProtocolError) {
        try range(sampling.maxTokens, "work.sampling.maxTokens", 1...limits.tokens)
        guard sampling.temperature >= 0, sampling.temperature.isFinite else {
            throw malformed("work.sampling.temperature", "0 or more", sampling.temperature)
        }
        if let topK = sampling.topK { try range(topK, "work.sampling.topK", 1...Int(Int32.max)) }
        if let topP = sampling.topP, !(topP > 0 && topP <= 1) {
            throw malformed("work.sampling.topP", "more than 0 and at most 1", topP)
        }
    }

    private func check(_ result: UnitResult) throws(ProtocolError) {
        try check(result.unit, attempt: result.attempt)
        try check(result.output.completions)
        let statistics = result.output.statistics
        try range(statistics.promptTokens, "statistics.promptTokens", 0...MessageLimits.counter)
        try range(statistics.completionTokens, "statistics.completionTokens", 0...MessageLimits.counter)
        try range(statistics.equalRewardGroups, "statistics.equalRewardGroups", 0...MessageLimits.counter)
        for count in statistics.missing.values {
            try range(count, "statistics.missing", 0...result.output.completions.count)
        }
    }

    private func check(_ model: ModelDescription) throws(ProtocolError) {
        guard (0...1e11).contains(model.time) else { throw malformed("time", "0 to 1e11 seconds", model.time) }
        guard let files = model.files else { return }
        try range(files.model.count, "files.model (count)", 1...limits.modelFiles)
        try range(files.decompositions.count, "files.decompositions (count)", 0...limits.decompositions)
        var names: Set<String> = []
        for file in files.model {
            guard Self.isFileName(file.name), names.insert(file.name).inserted else {
                throw malformed(
                    "files.model.name", "a name once, of letters, digits, dots, dashes and underscores",
                    printable(file.name))
            }
            try range(file.size, "files.model.size", 0...MessageLimits.counter)
        }
        for file in files.decompositions {
            try range(file.size, "files.decompositions.size", 0...MessageLimits.counter)
        }
    }

    /// Whether a name is that of a file in a model's folder and of nothing else: it names no other folder, nor what a cache
    /// keeps beside such files.
    private static func isFileName(_ name: String) -> Bool {
        (1...200).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch UnicodeScalar(byte) {
                case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": true
                default: false
                }
            }
    }

    private func check(_ completions: [Completion]) throws(ProtocolError) {
        for completion in completions {
            try name(completion.problem, "completions.problem")
            try range(completion.problemIndex, "completions.problemIndex", 0...MessageLimits.counter)
            try range(completion.sample, "completions.sample", 0...MessageLimits.counter)
            try range(completion.policy, "completions.policy", 0...limits.policies)
        }
    }

    private func range(
        _ value: Int, _ field: String, _ allowed: ClosedRange<Int>, unit: String = ""
    ) throws(ProtocolError) {
        guard allowed.contains(value) else {
            throw malformed(field, "\(allowed.lowerBound) to \(allowed.upperBound)\(unit)", value)
        }
    }

    private func name(_ text: String, _ field: String) throws(ProtocolError) {
        try range(text.utf8.count, field, 0...limits.nameBytes, unit: " bytes")
    }

    private func malformed(_ field: String, _ expected: String, _ found: some Any) -> ProtocolError {
        .malformedHeader(kind: kind, problem: "\(field): expected \(expected), found \(found)")
    }
}
