import T2Core
import T2Jobs
import T2Transport

/// Audits units, and refuses workers whose results differ from those of others.
extension Dispatcher {
    /// Judges a valid result of an audited unit.
    ///
    /// - Returns: false if the unit is not audited; the result is then to be accepted as usual.
    func audit(_ result: UnitResult, from worker: WorkerIdentifier) async throws -> Bool {
        guard rounds[result.unit.run]?.audited.contains(result.unit) == true,
            table.isAnswerable(result.unit, attempt: result.attempt, by: worker)
        else { return false }
        let isCheck = table.units[result.unit]?.isCheck(result.attempt) == true
        let answer = Auditor.Answer(
            result, of: worker, kind: table.workers[worker]?.kind ?? "", isCheck: isCheck, since: now())
        switch auditor.judge(answer) {
        case .confirmed(let computed, let differing):
            confirmed[result.unit] = computed
            if computed.kind != answer.kind {
                let differences = AuditTolerance.text(computed.result.output, result.output)
                logger.debug(
                    "results of two machine kinds agree",
                    metadata: [
                        "unit": "\(result.unit)", "worker": "\(computed.worker)", "auditor": "\(worker)",
                        "largest-differences": "\(differences)",
                    ])
            }
            for liar in differing { try await refuse(liar, because: Self.refutation(of: result.unit)) }
            try await accept(result, of: worker)
        case .refuted(let differing):
            for liar in differing { try await refuse(liar, because: Self.refutation(of: result.unit)) }
        case .held:
            try await take(.resultHeld(worker, unit: result.unit, attempt: result.attempt))
            send(.acknowledgement(.init(unit: result.unit, attempt: result.attempt, verdict: .held)), to: worker)
            try await settle(result.unit)
        case .undecided:
            try await endAudit(result.unit)
        }
        return true
    }

    private static func refutation(of unit: UnitKey) -> String {
        "its result of unit \(unit) differs from those of two other workers"
    }

    /// Ends the audits that no worker at work can continue, or that last too long.
    func settleAudits() async throws {
        if auditor.answers.isEmpty { auditorSeen = now() }
        for unit in auditor.answers.keys.sorted() { try await settle(unit) }
    }

    private func settle(_ unit: UnitKey) async throws {
        guard let answers = auditor.answers[unit], let last = answers.last else { return }
        // A worker that takes the unit and does not return it must not hold up the run.
        let isLate = now() - last.since >= max(limits.longestAudit, (table.usualDuration(of: unit) ?? .zero) * 10)
        if !isLate {
            guard !table.hasAuditor(unit) else { return auditorSeen = now() }
            guard now() - auditorSeen >= limits.auditPatience else { return }
        }
        guard answers.count == 1 else { return try await endAudit(unit) }
        try await acceptUnaudited(
            unit, because: isLate ? "no other worker returned it in time" : "no other worker is at work")
    }

    /// Accepts the first result of a unit without that of another worker.
    func acceptUnaudited(_ unit: UnitKey, because reason: String) async throws {
        guard let first = auditor.take(unit).first else { return }
        logger.notice(
            "unit not audited", metadata: ["unit": "\(unit)", "worker": "\(first.worker)", "reason": "\(reason)"])
        try await accept(first.result, of: first.worker)
    }

    private func accept(_ result: UnitResult, of worker: WorkerIdentifier) async throws {
        try await take(
            .resultArrived(worker, unit: result.unit, attempt: result.attempt, epoch: epoch, defect: nil),
            arrived: .result(result))
        confirmed[result.unit] = nil
    }

    /// Ends the run of a unit whose results differ, since no result is known to be right.
    private func endAudit(_ unit: UnitKey) async throws {
        let workers = auditor.take(unit).map(\.worker.name)
        try await end(unit.run, CoordinatorError.disputed(unit, workers: workers))
    }

    /// Refuses a worker from now on. What it sent in the open rounds is computed again.
    func refuse(_ worker: WorkerIdentifier, because reason: String) async throws {
        logger.error(
            "worker refused; what it sent in this step is computed again",
            metadata: ["worker": "\(worker)", "problem": "\(reason)"])
        refused[worker.name] = reason
        refusals.note(reason, of: worker.name)
        if let peer = roster.peer(of: worker) {
            send(.reject(Self.refusal(reason)), to: peer)
            roster.leave(worker)
            await transport.forget(peer)
        }
        try await take(.workerLeft(worker))
        let undone = uncommitted.filter { $0.worker.name == worker.name }
        uncommitted.removeAll { $0.worker.name == worker.name }
        for (other, var acknowledgement) in undone.flatMap(\.acknowledgements) where other != worker {
            acknowledgement.verdict = .stale
            acknowledgement.reason = "the result that it confirmed was dropped"
            send(.acknowledgement(acknowledgement), to: other)
        }
        let dropped = auditor.drop(worker.name) + undone.map(\.unit.key)
        for run in rounds.keys.sorted() {
            guard let open = rounds[run], open.ending == nil else { continue }
            do {
                let reopened = try open.journal.reopen(open.round, from: worker.name)
                let keys = (reopened + dropped.filter { $0.run == run }).sorted()
                guard !keys.isEmpty else { continue }
                rounds[run]?.isCompleted = false
                rounds[run]?.progress = open.journal.progress(of: open.round)
                try await take(.unitsReopened(keys))
            } catch {
                try await end(run, error)
            }
        }
    }

    /// The answer to a worker that was refused before.
    static func refusal(_ reason: String) -> Reject {
        Reject(
            reason: reason,
            remedy:
                "Check this machine's memory and its installation of t2; the coordinator admits the name again after its next start."
        )
    }
}
