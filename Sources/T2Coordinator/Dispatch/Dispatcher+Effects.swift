import Logging
import T2Core
import T2Transport

/// Carries out the decisions of the lease table.
extension Dispatcher {
    /// - Parameter answer: the RESULT or ERROR that caused the effect, if any.
    func carryOut(_ effect: LeaseEffect, arrived answer: Message?) async throws {
        switch effect {
        case .grant(let grant):
            try await send(grant)
        case .accept(let key, let attempt, let worker):
            guard case .result(let result) = answer, let unit = rounds[key.run]?.round.unit(key),
                let state = table.units[key]
            else { return }
            // An audited unit's result is the one that this worker's confirms.
            let computed = confirmed[key]
            // The result is acknowledged once it is durable.
            uncommitted.append(
                RunJournal.Acceptance(
                    unit: unit, output: (computed?.result ?? result).output,
                    attempt: computed?.result.attempt ?? attempt, worker: computed?.worker ?? worker, state: state))
        case .acknowledge(let worker, let acknowledgement):
            // Nothing is said of a result before it is durable, nor of its repetitions.
            if let pending = uncommitted.firstIndex(where: { $0.unit.key == acknowledgement.unit }) {
                uncommitted[pending].acknowledgements.append((worker, acknowledgement))
            } else {
                send(.acknowledgement(acknowledgement), to: worker)
            }
        case .cancel(let worker, let cancel):
            send(.cancel(cancel), to: worker)
        case .dismiss(let worker, let silence):
            logger.warning(
                "worker lost; its units are handed out again",
                metadata: [
                    "worker": "\(worker)", "silent-for": "\(silence.inSeconds)", "workers": "\(table.workers.count)",
                ])
            if let peer = roster.leave(worker) { await transport.forget(peer) }
        case .suspected(let worker, let silence):
            logger.warning("worker silent", metadata: ["worker": "\(worker)", "silent-for": "\(silence.inSeconds)"])
        case .stuck(let worker, let unit, let standstill):
            logger.warning(
                "unit stuck: no new token",
                metadata: ["unit": "\(unit)", "worker": "\(worker)", "without-token-for": "\(standstill.inSeconds)"])
        case .ignored(let worker, let lease, let reason):
            tell(
                .warning, "failure ignored", causedBy: worker.name,
                ["worker": "\(worker)", "unit": "\(lease)", "problem": "\(reason)"])
        case .failed(let unit, let failure):
            try await note(failure, of: unit, arrived: answer)
        case .roundCompleted(let run):
            // The round ends once the last results are durable.
            rounds[run]?.isCompleted = true
        case .stop(let stop):
            try await end(stop.unit.run, error(of: stop, arrived: answer))
        }
    }

    private func send(_ grant: LeaseGrant) async throws {
        // Its round may have ended while other effects were carried out.
        guard let unit = rounds[grant.unit.run]?.round.unit(grant.unit) else { return }
        var lease = Lease(work: unit, attempt: grant.attempt, epoch: epoch, lengthSeconds: grant.length.seconds)
        if let checked = grant.checks { lease.tokens = auditor.tokens(of: grant.unit, attempt: checked) }
        // An audit may have ended as well.
        guard (grant.checks == nil) == (lease.tokens == nil), let peer = roster.peer(of: grant.worker) else {
            return try await take(.leaseUndelivered(grant.worker, unit: grant.unit, attempt: grant.attempt))
        }
        send(.lease(lease), to: peer)
        logger.debug(
            grant.isFurtherCopy ? "further copy handed out" : "unit handed out",
            metadata: ["unit": "\(grant.unit)", "attempt": "\(grant.attempt)", "worker": "\(grant.worker)"])
    }

    /// Puts a message to a worker that has a connection among those that are sent next.
    func send(_ message: Message, to worker: WorkerIdentifier) {
        if let peer = roster.peer(of: worker) { send(message, to: peer) }
    }

    func send(_ message: Message, to peer: PeerIdentity) { outgoing.append(OutgoingMessage(message, to: peer)) }

    /// Takes note of what became of a message that was handed to the transport.
    func note(_ result: Result<SendResult, ProtocolError>, of sent: OutgoingMessage) async throws {
        switch (result, sent.message) {
        case (.success(let outcome), .lease(let lease)) where outcome != .sent:
            guard let worker = roster.workers[sent.peer] else { return }
            try await take(.leaseUndelivered(worker, unit: lease.unit, attempt: lease.attempt))
        case (.success, _): break
        case (.failure(let error), .lease(let lease)) where lease.tokens != nil:
            try await acceptUnaudited(lease.unit, because: error.description)
            guard let worker = roster.workers[sent.peer] else { return }
            try await take(.leaseUndelivered(worker, unit: lease.unit, attempt: lease.attempt))
        case (.failure(let error), .lease(let lease)):
            // The lease would fail for every worker.
            try await end(lease.unit.run, CoordinatorError.untransportable(lease.unit, problem: error.description))
        case (.failure(let error), _):
            logger.error("message cannot be sent", metadata: ["peer": "\(sent.peer)", "problem": "\(error)"])
        }
    }

    private func note(_ failure: UnitFailure, of unit: UnitKey, arrived answer: Message?) async throws {
        var metadata: Logger.Metadata = [
            "unit": "\(unit)", "attempt": "\(failure.attempt)", "worker": "\(failure.worker)",
            "category": "\(failure.category.rawValue)", "problem": "\(failure.message)",
        ]
        // A refused result is saved, and so are completions without rewards.
        let isRefused = if case .result = answer { true } else { false }
        if isRefused || failure.isMissingReward {
            metadata["evidence"] = save(failure, unit: unit, answer: answer).map { "\($0)" }
        }
        logger.warning("unit failed; it is handed out again", metadata: metadata)
        counts.failures[failure.category.rawValue, default: 0] += 1
        do {
            try rounds[unit.run]?.journal.note(failure, unit: unit)
        } catch {
            try await end(unit.run, error)
        }
    }

    private func error(of stop: LeaseStop, arrived answer: Message?) -> CoordinatorError {
        switch stop {
        case .nonFinite(let unit, let failure):
            return .nonFinite(unit, failure, evidence: save(failure, unit: unit, answer: answer), model: model.path)
        case .poisoned(let unit, let failures):
            var folder: String?
            for failure in failures {
                let isLast = failure.attempt == failures.last?.attempt
                folder = save(failure, unit: unit, answer: isLast ? answer : nil) ?? folder
            }
            return .poisoned(unit, failures: failures, evidence: folder.map(parentFolder))
        }
    }

    /// Saves the evidence of a failed attempt at a unit of an open round. That it cannot be saved is logged, and hides nothing.
    ///
    /// - Returns: the folder of the evidence; nil if the job stores nothing, or if it could not be saved.
    private func save(_ failure: UnitFailure, unit key: UnitKey, answer: Message?) -> String? {
        guard let open = rounds[key.run], let unit = open.round.unit(key) else { return nil }
        do {
            return try open.journal.save(failure, of: unit, in: open.round, answer: answer, epoch: epoch)
        } catch {
            logger.error("evidence cannot be saved", metadata: ["unit": "\(key)", "problem": "\(error)"])
            return nil
        }
    }
}
