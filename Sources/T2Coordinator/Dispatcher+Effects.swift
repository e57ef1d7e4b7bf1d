import Logging
import T2Core
import T2Transport

/// What the lease table decided, done.
extension Dispatcher {
    /// - Parameter answer: the RESULT or ERROR that just arrived, if that is what the table decided about.
    func carryOut(_ effect: LeaseEffect, arrived answer: Message?) async throws {
        switch effect {
        case .grant(let grant):
            try await send(grant)
        case .accept(let key, _, let worker):
            guard case .result(let result) = answer, let round, let unit = round.unit(key),
                let lease = table.units[key]
            else {
                preconditionFailure("only a result that has just arrived for a unit of the round is accepted")
            }
            // The acknowledgement is the next effect: durable first.
            try await journal.accept(result, unit: unit, of: round, lease: lease, by: worker)
            noteAcceptance()
        case .acknowledge(let worker, let acknowledgement):
            await send(.acknowledgement(acknowledgement), to: worker)
        case .cancel(let worker, let cancel):
            await send(.cancel(cancel), to: worker)
        case .dismiss(let worker, let silence):
            logger.warning(
                "worker lost; its units go out again",
                metadata: [
                    "worker": "\(worker)", "silent-for": "\(silence.inSeconds)", "workers": "\(table.workers.count)",
                ])
            if let peer = roster.leave(worker) { await transport.forget(peer) }
        case .report(let report):
            try await note(report, arrived: answer)
        case .roundCompleted:
            noteRoundCompleted()
        case .stop(let stop):
            throw try await evidence(of: stop, arrived: answer)
        }
    }

    private func send(_ grant: LeaseGrant) async throws {
        guard let round, let unit = round.unit(grant.unit) else {
            preconditionFailure("granted a unit of another round")
        }
        let lease = round.lease(unit, attempt: grant.attempt, length: grant.length, epoch: epoch)
        do {
            guard let peer = roster.peer(of: grant.worker), try await transport.send(.lease(lease), to: peer) == .sent
            else {
                return try await take(.leaseUndelivered(grant.worker, unit: grant.unit, attempt: grant.attempt))
            }
        } catch let error as ProtocolError {
            // Every worker would be sent the same in vain.
            throw CoordinatorError.untransportable(grant.unit, problem: error.description)
        }
        logger.debug(
            grant.isSecondCopy ? "second copy handed out" : "unit handed out",
            metadata: ["unit": "\(grant.unit)", "attempt": "\(grant.attempt)", "worker": "\(grant.worker)"])
    }

    /// - Returns: false if it could not be handed to the worker's connection.
    @discardableResult
    func send(_ message: Message, to worker: WorkerIdentifier) async -> Bool {
        guard let peer = roster.peer(of: worker) else { return false }
        return await send(message, to: peer)
    }

    func send(_ message: Message, to peer: PeerIdentity) async -> Bool {
        do {
            return try await transport.send(message, to: peer) == .sent
        } catch {
            logger.error("message cannot travel", metadata: ["peer": "\(peer)", "problem": "\(error)"])
            return false
        }
    }

    private func note(_ report: LeaseReport, arrived answer: Message?) async throws {
        switch report {
        case .suspected(let worker, let silence):
            logger.warning("worker silent", metadata: ["worker": "\(worker)", "silent-for": "\(silence.inSeconds)"])
        case .stuck(let worker, let unit, let standstill):
            logger.warning(
                "unit stuck: no token",
                metadata: ["unit": "\(unit)", "worker": "\(worker)", "without-token-for": "\(standstill.inSeconds)"])
        case .ignored(let worker, let lease, let reason):
            logger.warning(
                "failure ignored", metadata: ["worker": "\(worker)", "unit": "\(lease)", "problem": "\(reason)"])
        case .failed(let unit, let failure):
            var metadata: Logger.Metadata = [
                "unit": "\(unit)", "attempt": "\(failure.attempt)", "worker": "\(failure.worker)",
                "category": "\(failure.category)", "problem": "\(failure.message)",
            ]
            // What a worker sent is kept: a refused result, or completions without rewards.
            if case .result = answer {
                metadata["evidence"] = "\(try await save(failure, unit: unit, answer: answer))"
            } else if failure.isMissingReward {
                metadata["evidence"] = "\(try await save(failure, unit: unit, answer: answer))"
            }
            logger.warning("unit failed; it goes out again", metadata: metadata)
            try await journal.note(failure, unit: unit)
        }
    }

    private func evidence(of stop: LeaseStop, arrived answer: Message?) async throws -> CoordinatorError {
        switch stop {
        case .nonFinite(let unit, let failure):
            return .nonFinite(
                unit, failure, evidence: try await save(failure, unit: unit, answer: answer),
                model: host.modelPath)
        case .poisoned(let unit, let failures):
            var folder = ""
            for failure in failures {
                let isLast = failure.attempt == failures.last?.attempt
                folder = try await save(failure, unit: unit, answer: isLast ? answer : nil)
            }
            return .poisoned(unit, failures: failures, evidence: parentFolder(of: folder))
        }
    }

    /// Saves what is known of a failed attempt at a unit of this round.
    func save(_ failure: UnitFailure, unit key: UnitKey, answer: Message?) async throws -> String {
        guard let round, let unit = round.unit(key) else { preconditionFailure("a failure of a unit of another round") }
        let lease = round.lease(unit, attempt: failure.attempt, length: table.policy.minimumLength, epoch: epoch)
        return try await journal.save(failure, lease: lease, answer: answer, vector: round.vector(unit))
    }
}
