import Logging
import T2Core
import T2Transport

/// Handles the messages of workers.
extension Dispatcher {
    func handle(_ event: CoordinatorEvent) async throws {
        switch event {
        case .message(let message, let peer):
            try await handle(message, from: peer)
        case .malformed(let problem, let peer):
            malformedCount += 1
            warn(
                "malformed message", causedBy: "\(peer)",
                ["peer": "\(peer)", "problem": "\(problem)", "count": "\(malformedCount)"])
        case .strayConnection(let reason):
            warn("stray connection closed", causedBy: "stray connections", ["problem": "\(reason)"])
        case .unreachable(let peer):
            files?.forget(peer)
            guard let worker = roster.workers[peer] else { return }
            logger.info("connection to worker lost", metadata: ["worker": "\(worker)"])
            try await take(.connectionLost(worker))
        case .closed:
            throw CoordinatorError.transportClosed
        }
    }

    private func handle(_ message: Message, from peer: PeerIdentity) async throws {
        if case .hello(let hello) = message { return try await admit(hello, at: peer) }
        // What a stranger was sent is forgotten when its connection ends.
        if case .bye = message, roster.workers[peer] == nil { return }
        // A worker that has no model yet is no worker of the roster.
        if let files, roster.workers[peer] == nil {
            switch message {
            case .getModel: return files.describe(to: peer)
            case .getChunk(let request): return files.take(request, from: peer)
            default: break
            }
        }
        guard let worker = roster.workers[peer] else { return askForHello(peer, after: message.kind.rawValue) }
        switch message {
        case .credit(let credit):
            try await take(.creditGranted(worker, count: credit.count, received: credit.received))
        case .getBlob(let request):
            answer(request, from: worker)
        case .progress(let progress):
            if let defect = defect(of: progress) {
                warn(
                    "progress refused", causedBy: worker.name,
                    ["worker": "\(worker)", "unit": "\(progress.unit)", "problem": "\(defect)"])
                send(.error(ErrorReport(category: .malformedMessage, message: defect)), to: worker)
            } else {
                try await take(.progressed(worker, progress))
            }
        case .result(let result):
            let isCurrent = result.epoch == epoch && !(table.units[result.unit]?.isAccepted ?? true)
            let defect = isCurrent ? check(result.unit)?.defect(of: result.output) : nil
            if isCurrent, defect == nil, try await audit(result, from: worker) { return }
            try await take(
                .resultArrived(worker, unit: result.unit, attempt: result.attempt, epoch: result.epoch, defect: defect),
                arrived: message)
        case .error(let report):
            try await take(report, from: worker)
        case .bye(let bye):
            try await take(.workerLeft(worker))
            roster.leave(worker)
            await transport.forget(peer)
            tell(
                .info, "worker left", causedBy: worker.name,
                ["worker": "\(worker)", "reason": "\(bye.reason)", "workers": "\(table.workers.count)"])
        case .heartbeat, .hello:
            break
        case .getModel, .getChunk:
            let report = ErrorReport(
                category: .unexpectedMessage, message: "\(message.kind.rawValue) comes before HELLO")
            send(.error(report), to: worker)
        case .welcome, .reject, .lease, .blob, .model, .chunk, .cancel, .acknowledgement, .drain:
            let report = ErrorReport(
                category: .unexpectedMessage, message: "\(message.kind.rawValue) is not a worker's to send")
            send(.error(report), to: worker)
        }
    }

    /// The reason why a unit cannot have made this progress; nil if it can, or is not open.
    private func defect(of progress: Progress) -> String? {
        guard let unit = rounds[progress.unit.run]?.round.unit(progress.unit) else { return nil }
        let largest = UnitBounds(unit: unit).largestProgress(contextLength: model.configuration.contextLength)
        return progress.tokens <= largest
            ? nil : "PROGRESS names \(progress.tokens) tokens, expected at most \(largest) for \(progress.unit)"
    }

    private func admit(_ hello: Hello, at peer: PeerIdentity) async throws {
        if let refusal = refusal(of: hello, at: peer) {
            warn(
                "worker refused", causedBy: peer.address,
                ["worker": "\(hello.worker)", "peer": "\(peer)", "problem": "\(refusal.reason)"])
            if refusal.isTemporary != true { refusals.note(refusal.reason, of: hello.worker.name) }
            send(.reject(refusal), to: peer)
            return
        }
        refusals.forget(hello.worker.name)
        let old = roster.peer(of: hello.worker)
        if let old, old != peer { await transport.forget(old) }
        // The worker enters the roster first, so that effects of the event can be sent to it.
        roster.join(hello.worker, at: peer)
        send(.welcome(Welcome(epoch: epoch, runs: rounds.keys.sorted())), to: peer)
        try await take(
            .workerJoined(
                hello.worker, lanes: hello.lanes, kind: hello.fingerprint,
                // Local workers are of the coordinator's own machine.
                key: peer.keyName == WorkerKey.localName ? nil : peer.keyName,
                holding: hello.holding.map { Set($0) }))
        joined.insert(hello.worker.name)
        if table.workers[hello.worker]?.isDraining == true { askToLeave(hello.worker) }
        guard old == nil else { return }
        counts.workersJoined += 1
        tallies = tallies.filter { table.workers[$0.key] != nil }
        if tallies[hello.worker] == nil {
            tallies[hello.worker] = WorkerTally(machine: hello.fingerprint, joined: now())
        }
        tell(
            .info, "worker joined", causedBy: hello.worker.name,
            [
                "worker": "\(hello.worker)", "lanes": "\(hello.lanes)", "machine": "\(hello.fingerprint)",
                "address": "\(peer.address)", "workers": "\(table.workers.count)",
            ])
    }

    /// The number of a worker's last log lines that the log repeats.
    private static let shownLines = 5

    private func warn(_ message: Logger.Message, causedBy peer: String, _ metadata: Logger.Metadata) {
        tell(.warning, message, causedBy: peer, metadata)
    }

    /// Logs what a peer causes at will, within the bounds of its notices.
    func tell(
        _ level: Logger.Level, _ message: Logger.Message, causedBy peer: String, _ metadata: Logger.Metadata
    ) {
        guard let leftOut = notices.note(peer, at: now()) else { return }
        var metadata = metadata
        if leftOut > 0 { metadata["left-out"] = "\(leftOut)" }
        logger.log(level: level, message, metadata: metadata)
    }

    /// Asks for HELLO from a peer that has not sent one since this coordinator's start, or that was given up.
    func askForHello(_ peer: PeerIdentity, after what: String) {
        let report = ErrorReport(category: .unknownWorker, message: "\(what) without a HELLO; say HELLO first")
        send(.error(report), to: peer)
    }

    private func refusal(of hello: Hello, at peer: PeerIdentity) -> Reject? {
        if let name = peer.keyName, !WorkerKey.allows(hello.worker.name, keyName: name) {
            return Reject(
                reason: "the key of worker '\(name)' does not allow the name '\(hello.worker.name)'",
                remedy: "Join without --name, or with a name that begins with '\(name)/'.")
        }
        if let other = roster.workers[peer], other != hello.worker {
            return Reject(
                reason: "this connection belongs to worker '\(other)' already",
                remedy: "Use one connection for each worker.")
        }
        if let reason = refused[hello.worker.name] { return Self.refusal(reason) }
        guard hello.modelDigest == model.digest else {
            return Reject(
                reason:
                    "the worker's base model has digest \(hello.modelDigest.short), the run's \(model.digest.short)",
                remedy: "Start the worker without --model, which fetches the model, or with a copy of \(model.path).")
        }
        guard hello.tokenizerDigest == model.tokenizerDigest else {
            return Reject(
                reason: "the worker's tokenizer.json has digest \(hello.tokenizerDigest.short), the run's "
                    + model.tokenizerDigest.short,
                remedy: "Copy tokenizer.json of \(model.path) to the worker's model folder.")
        }
        guard hello.weights == model.weights else {
            let wanted = model.weights.rawValue
            return Reject(
                reason: "the worker holds its weights in \(hello.weights.rawValue), the run's are in \(wanted)",
                remedy: "Start the worker with --weights \(wanted)"
                    + (model.weights == .bfloat16
                        ? ", or, if its processor does not multiply bfloat16, the run with --weights f32." : "."))
        }
        for (task, version) in taskVersions.sorted(by: { $0.key < $1.key }) {
            guard let other = hello.taskVersions?[task], other != version else { continue }
            return Reject(
                reason: "task '\(task)' has version \(other) on the worker and \(version) at the coordinator",
                remedy: "Give both the same copy of the task's folder, or run the same t2 version on both sides.")
        }
        guard table.namesake(of: hello.worker) == nil else {
            return Reject(
                reason: "a worker named '\(hello.worker.name)' is here already",
                remedy: "Give each worker a --name of its own, or wait 5 seconds if the other one has just crashed.",
                isTemporary: true)
        }
        return nil
    }

    private func answer(_ request: GetBlob, from worker: WorkerIdentifier) {
        guard let policy = rounds.values.lazy.compactMap({ $0.round.policy(request.digest) }).first else {
            let report = ErrorReport(
                category: .unknownPolicy,
                message: "\(request.digest.short) is not a policy of a round under way", policy: request.digest)
            send(.error(report), to: worker)
            return
        }
        send(.blob(Blob(digest: request.digest, policy: policy)), to: worker)
    }

    private func take(_ report: ErrorReport, from worker: WorkerIdentifier) async throws {
        guard let unit = report.unit, let attempt = report.attempt else {
            warn(
                "worker reports an error", causedBy: worker.name,
                [
                    "worker": "\(worker)", "category": "\(report.category.rawValue)", "problem": "\(report.message)",
                    "log": "\(report.logLines.suffix(Self.shownLines).joined(separator: " | "))",
                ])
            return
        }
        if let result = resultWithMissingRewards(report, unit, attempt) {
            return try await take(
                .resultArrived(worker, unit: unit, attempt: attempt, epoch: epoch, defect: nil),
                arrived: .result(result))
        }
        try await take(
            .unitFailed(
                worker, unit: unit, attempt: attempt, category: report.category,
                message: report.message, logLines: report.logLines,
                missing: MissingRewards.reasons(report.completions)), arrived: .error(report))
    }

    /// Turns a failure due to missing rewards into a result, if the job reports missing rewards and enough attempts were made.
    private func resultWithMissingRewards(_ report: ErrorReport, _ unit: UnitKey, _ attempt: Int) -> UnitResult? {
        guard report.category == .missingReward, let known = table.units[unit], !known.isAccepted,
            known.failures.count(where: \.isMissingReward) + 1 >= limits.missingAttempts, let check = check(unit),
            check.allowsMissing
        else { return nil }
        var statistics = UnitStatistics()
        statistics.completionTokens = report.completions.reduce(0) { $0 + $1.tokens.count }
        statistics.missing = MissingRewards.reasons(report.completions)
        let output = UnitOutput(completions: report.completions, statistics: statistics)
        guard check.defect(of: output) == nil else { return nil }
        return UnitResult(unit: unit, attempt: attempt, epoch: epoch, output: output)
    }

    /// The check of a unit's results; nil if the unit does not belong to an open round.
    private func check(_ key: UnitKey) -> ResultCheck? {
        guard let open = rounds[key.run], let unit = open.round.unit(key) else { return nil }
        let gradientCount = unit.gradient.flatMap { _ in
            unit.policies.first.flatMap(open.round.policy)?.vector?.layout.count
        }
        return ResultCheck(
            unit, model: model.configuration, gradientCount: gradientCount, allowsMissing: open.allowsMissing)
    }
}
