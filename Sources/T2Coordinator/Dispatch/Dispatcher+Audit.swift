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
        switch auditor.judge(result, of: worker) {
        case .confirmed(let differing):
            for liar in differing {
                try await refuse(
                    liar, because: "its result of unit \(result.unit) differs from those of two other workers")
            }
            try await accept(result, of: worker)
        case .held:
            try await take(.resultHeld(worker, unit: result.unit, attempt: result.attempt))
            send(.acknowledgement(.init(unit: result.unit, attempt: result.attempt, verdict: .held)), to: worker)
            try await settle(result.unit)
        case .undecided:
            try await endAudit(result.unit)
        }
        return true
    }

    /// Ends the audits that no worker at work can continue.
    func settleAudits() async throws {
        for unit in auditor.answers.keys.sorted() { try await settle(unit) }
    }

    private func settle(_ unit: UnitKey) async throws {
        guard !table.hasAuditor(unit) else { return auditorSeen = now() }
        guard now() - auditorSeen >= limits.auditPatience, let answers = auditor.answers[unit] else { return }
        guard answers.count == 1 else { return try await endAudit(unit) }
        _ = auditor.take(unit)
        logger.notice(
            "unit not audited: no other worker of its machine kind is at work",
            metadata: ["unit": "\(unit)", "worker": "\(answers[0].worker)"])
        try await accept(answers[0].result, of: answers[0].worker)
    }

    private func accept(_ result: UnitResult, of worker: WorkerIdentifier) async throws {
        try await take(
            .resultArrived(worker, unit: result.unit, attempt: result.attempt, epoch: epoch, defect: nil),
            arrived: .result(result))
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
        auditor.drop(worker.name)
        let dropped = uncommitted.filter { $0.worker.name == worker.name }.map(\.unit.key)
        uncommitted.removeAll { $0.worker.name == worker.name }
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
        if let peer = roster.peer(of: worker) {
            send(.reject(Self.refusal(reason)), to: peer)
            roster.leave(worker)
            await transport.forget(peer)
        }
        try await take(.workerLeft(worker))
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
