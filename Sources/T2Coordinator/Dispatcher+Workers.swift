import Logging
import T2Core
import T2Transport

/// What workers say.
extension Dispatcher {
    func handle(_ event: CoordinatorEvent) async throws {
        switch event {
        case .message(let message, let peer):
            try await handle(message, from: peer)
        case .malformed(let problem, let peer):
            malformedCount += 1
            logger.warning(
                "malformed message",
                metadata: ["peer": "\(peer)", "problem": "\(problem)", "count": "\(malformedCount)"])
        case .strayConnection(let reason):
            logger.warning("stray connection closed", metadata: ["problem": "\(reason)"])
        case .unreachable(let peer):
            guard let worker = roster.workers[peer] else { return }
            logger.info("connection to worker lost", metadata: ["worker": "\(worker)"])
            try await take(.connectionLost(worker))
        case .closed:
            throw CoordinatorError.transportClosed
        }
    }

    private func handle(_ message: Message, from peer: PeerIdentity) async throws {
        if case .hello(let hello) = message { return try await admit(hello, at: peer) }
        if case .bye = message, roster.workers[peer] == nil { return await transport.forget(peer) }
        guard let worker = roster.workers[peer] else { return await askForHello(peer, after: message.kind.rawValue) }
        switch message {
        case .credit(let credit):
            try await take(.creditGranted(worker, count: credit.count, received: credit.received))
        case .getBlob(let request):
            await answer(request, from: worker)
        case .progress(let progress):
            try await take(.progressed(worker, progress))
        case .result(let result):
            let isCurrent = result.epoch == epoch && !(table.units[result.unit]?.isAccepted ?? true)
            let defect = isCurrent ? round.flatMap { $0.unit(result.unit).map($0.check)?.defect(of: result) } : nil
            try await take(
                .resultArrived(worker, unit: result.unit, attempt: result.attempt, epoch: result.epoch, defect: defect),
                arrived: message)
        case .error(let report):
            try await take(report, from: worker)
        case .bye(let bye):
            try await take(.workerLeft(worker))
            roster.leave(worker)
            await transport.forget(peer)
            logger.info(
                "worker left",
                metadata: ["worker": "\(worker)", "reason": "\(bye.reason)", "workers": "\(table.workers.count)"])
        case .heartbeat, .hello:
            break
        case .welcome, .reject, .lease, .blob, .cancel, .acknowledgement, .drain:
            let report = ErrorReport(
                category: "unexpected-message", message: "\(message.kind.rawValue) is not a worker's to send")
            await send(.error(report), to: worker)
        }
    }

    private func admit(_ hello: Hello, at peer: PeerIdentity) async throws {
        if let refusal = refusal(of: hello, at: peer) {
            logger.warning("worker refused", metadata: ["worker": "\(hello.worker)", "problem": "\(refusal.reason)"])
            _ = await send(.reject(refusal), to: peer)
            return
        }
        let isNew = roster.peer(of: hello.worker) == nil
        // The old incarnation goes first, so that the roster knows where its CANCEL would go.
        roster.join(hello.worker, at: peer)
        _ = await send(.welcome(welcome), to: peer)
        try await take(.workerJoined(hello.worker, lanes: hello.lanes))
        guard isNew else { return }
        logger.info(
            "worker joined",
            metadata: [
                "worker": "\(hello.worker)", "lanes": "\(hello.lanes)", "machine": "\(hello.fingerprint)",
                "workers": "\(table.workers.count)",
            ])
    }

    /// Somebody speaks who has not said HELLO since this coordinator's start, or who was given up.
    func askForHello(_ peer: PeerIdentity, after what: String) async {
        let report = ErrorReport(
            category: ErrorReport.unknownWorker, message: "\(what) without a HELLO; say HELLO first")
        _ = await send(.error(report), to: peer)
    }

    private var welcome: Welcome { Welcome(epoch: epoch, runs: [host.name]) }

    private func refusal(of hello: Hello, at peer: PeerIdentity) -> Reject? {
        guard let expected = try? PeerIdentity(hello.worker), expected == peer else {
            return Reject(
                reason: "worker '\(hello.worker)' speaks from connection '\(peer)', which is not its own",
                remedy: "Run the same t2 version on both sides.")
        }
        guard hello.modelDigest == host.modelDigest else {
            return Reject(
                reason:
                    "the worker's base model has digest \(hello.modelDigest.short), the run's \(host.modelDigest.short)",
                remedy: "Start the worker with --model and a copy of \(host.modelPath).")
        }
        guard hello.tokenizerDigest == host.tokenizerDigest else {
            return Reject(
                reason: "the worker's tokenizer.json has digest \(hello.tokenizerDigest.short), the run's "
                    + host.tokenizerDigest.short,
                remedy: "Copy tokenizer.json of \(host.modelPath) to the worker's model folder.")
        }
        guard table.namesake(of: hello.worker) == nil else {
            return Reject(
                reason: "a worker named '\(hello.worker.name)' is here already",
                remedy: "Give each worker a --name of its own, or wait 5 seconds if the other one has just crashed.")
        }
        return nil
    }

    private func answer(_ request: GetBlob, from worker: WorkerIdentifier) async {
        guard let vector = round?.vector(request.digest) else {
            let report = ErrorReport(
                category: ErrorReport.unknownBlob,
                message: "\(request.digest.short) is not a z of the step under way", vector: request.digest)
            await send(.error(report), to: worker)
            return
        }
        await send(.blob(Blob(digest: request.digest, vector: vector)), to: worker)
    }

    private func take(_ report: ErrorReport, from worker: WorkerIdentifier) async throws {
        guard let unit = report.unit, let attempt = report.attempt else {
            logger.warning(
                "worker reports an error",
                metadata: ["worker": "\(worker)", "category": "\(report.category)", "problem": "\(report.message)"])
            return
        }
        try await take(
            .unitFailed(
                worker, unit: unit, attempt: attempt, category: report.category,
                message: report.message, logLines: report.logLines, missing: MissingRewards.reasons(report.rollouts)),
            arrived: .error(report))
    }
}
