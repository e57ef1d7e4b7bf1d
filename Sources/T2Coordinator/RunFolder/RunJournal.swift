import Foundation
import Synchronization
import T2Core
import T2Formats
import T2Jobs
import T2Transport

/// The durable record of a job: its identity, every accepted unit, and the failures. Without a folder it is kept in memory.
///
/// Invariant: a job that is killed at any moment and resumed gives the same results as one that never stopped, since its units
/// follow from its identity and the results stored here.
package final class RunJournal: Sendable {
    /// An accepted result, with the acknowledgements to send once it is durable.
    struct Acceptance: Sendable {
        let unit: WorkUnit
        let output: UnitOutput
        let attempt: Int
        let worker: WorkerIdentifier
        /// The leases and failures of the unit.
        let state: LeasedUnit
        /// The first is that of the result; those of its repetitions follow.
        var acknowledgements: [(worker: WorkerIdentifier, acknowledgement: Acknowledgement)] = []
    }

    private struct State {
        /// The summaries of the round's accepted units.
        var summaries: [UnitKey: UnitSummary] = [:]
        var missing = MissingRewards(step: 0, sequences: 0, handling: .report)
    }

    package let folder: RunFolder?
    package let store: RunStore
    /// The job's name at its start; the folder may have been renamed since.
    package let name: String
    private let origin: ExpertFile.Description
    private let state = Mutex(State())

    /// - Parameter folder: the folder for the results; nil keeps them in memory.
    /// - Throws: `InputError` if the folder's job has another identity; errors of the folder and the database.
    package init(_ job: some Job, folder: RunFolder?) throws {
        let identity = try job.identity()
        self.folder = folder
        origin = ExpertFile.Description(modelDigest: job.model.digest)
        if let folder { try SavedRun.requireJournal(in: folder) }
        store = try folder.map { try RunStore(path: $0.databasePath) } ?? RunStore()
        do {
            let saved = try store.job()
            if let saved {
                try Self.requireSame(identity, as: saved.identity, folder: folder?.path ?? store.path)
            } else {
                try store.begin(JobRecord(name: job.name, identity: identity))
            }
            name = saved?.name ?? job.name
        } catch {
            try? store.close()
            throw error
        }
    }

    /// Refuses a run folder that holds another kind of job. One without a database passes.
    package static func requireKind(_ kind: JobIdentity.Kind, inFolder path: String) throws {
        let database = RunFolder.databasePath(in: path)
        guard FileManager.default.fileExists(atPath: database) else { return }
        let store = try RunStore(path: database, migrates: false)
        defer { try? store.close() }
        if let saved = try store.job() { try requireKind(kind, saved.identity.kind, folder: path) }
    }

    private static func requireKind(_ kind: JobIdentity.Kind, _ saved: JobIdentity.Kind, folder: String) throws {
        guard saved != kind else { return }
        throw InputError(
            folder, "holds \(saved.noun), not \(kind.noun)",
            remedy: "Continue it with t2-coord \(saved.command) --resume, or choose another --run-dir.",
            exitStatus: .configuration)
    }

    static func requireSame(_ identity: JobIdentity, as saved: JobIdentity, folder: String) throws {
        try requireKind(identity.kind, saved.kind, folder: folder)
        guard let difference = identity.difference(from: saved) else { return }
        throw InputError(
            folder, "belongs to \(saved.kind.noun) that was started with \(difference)",
            remedy: "Resume with the options that the run was started with, or start in another --run-dir.",
            exitStatus: .configuration)
    }

    /// Closes the database and releases the folder for another coordinator.
    package func close() throws {
        defer { folder?.release() }
        try store.close()
    }

    /// Stores a round's units.
    ///
    /// - Parameter missingRewards: the treatment of rewards of the round that could not be computed.
    /// - Returns: the summaries of the units accepted before a restart.
    /// - Throws: `RunStoreError`, also if one of them is not what was accepted.
    func open(_ round: Round, missingRewards: MissingRewardHandling) throws -> [UnitKey: UnitSummary] {
        try folder?.requireInPlace()
        try store.open(round.units.map(UnitRecord.init))
        try store.requireUnchanged(round)
        if missingRewards == .report { try store.reopenMissing(in: round) }
        let accepted = try summaries(of: round)
        state.withLock {
            $0.summaries = accepted
            $0.missing = MissingRewards(step: round.step, sequences: round.sequenceCount, handling: missingRewards)
        }
        return accepted
    }

    /// The summaries of a round's accepted units.
    ///
    /// - Throws: `RunStoreError` for one that no unit of the round can have, which an older version may have accepted.
    private func summaries(of round: Round) throws -> [UnitKey: UnitSummary] {
        let found = try store.summaries(of: round).mapValues(\.summary)
        for (key, summary) in found {
            guard let unit = round.unit(key), let problem = UnitBounds(unit: unit).problem(with: summary) else {
                continue
            }
            throw RunStoreError.damaged(
                path: store.path, location: "table results, step \(key.step), unit \(key.phase.rawValue)/\(key.index)",
                problem: problem)
        }
        return found
    }

    /// Stores accepted results, which are durable when it returns.
    ///
    /// - Throws: `RunStoreError`; `CoordinatorError.missingRewards` if too many rewards were missing at the first attempt.
    func accept(_ acceptances: [Acceptance]) throws {
        try folder?.requireInPlace()
        let now = Date()
        try store.accept(
            acceptances.map { accepted in
                var unit = UnitRecord(accepted.unit)
                unit.leases = accepted.state.attempts
                unit.secondCopies = accepted.state.furtherCopies
                unit.failures = accepted.state.failures
                unit.isAccepted = true
                let completions = zip(accepted.output.completions, accepted.unit.sequences).enumerated().map {
                    index, pair in
                    CompletionRecord(
                        pair.0, index: index, unit: accepted.unit.key,
                        prompt: accepted.unit.problems[pair.1.problem].prompt, worker: accepted.worker)
                }
                let result = ResultRecord(
                    accepted.unit.key, accepted.output, attempt: accepted.attempt, worker: accepted.worker,
                    acceptedAt: now)
                return (result, completions, unit)
            })
        try state.withLock { state in
            for accepted in acceptances {
                state.summaries[accepted.unit.key] = UnitSummary(accepted.output)
                state.missing.add(accepted.output.statistics.missing, unit: accepted.unit.key)
            }
            try state.missing.check()
        }
    }

    /// Opens again the round's units whose accepted results came from this worker.
    ///
    /// - Returns: these units.
    func reopen(_ round: Round, from worker: String) throws -> [UnitKey] {
        let keys = try store.reopen(round, from: worker)
        state.withLock { state in for key in keys { state.summaries[key] = nil } }
        return keys
    }

    /// The progress of the round by its accepted units.
    func progress(of round: Round) -> RoundProgress {
        var progress = RoundProgress(
            step: round.step, phase: round.units.first?.key.phase ?? .train, total: round.sequenceCount)
        for summary in state.withLock({ $0.summaries.values }) { progress.add(summary) }
        return progress
    }

    /// Stores a failed attempt, and checks the number of missing rewards.
    ///
    /// - Throws: as `accept`.
    func note(_ failure: UnitFailure, unit: UnitKey) throws {
        try folder?.requireInPlace()
        try store.add(failure, to: unit)
        try state.withLock { state in
            state.missing.add(failure.missingReasons, unit: unit)
            try state.missing.check()
        }
    }

    /// The results of the round so far.
    func results(of round: Round) -> RoundResults {
        RoundResults(
            round: round,
            summary: { [self] unit in state.withLock { $0.summaries[unit.key] } ?? UnitSummary() },
            completions: { [store] unit in try store.completions(of: unit.key) },
            gradient: { [store] unit in
                guard let gradient = try store.gradient(of: unit.key) else {
                    preconditionFailure("a training result keeps its gradient until its step's checkpoint is durable")
                }
                return gradient
            })
    }

    /// Saves the evidence of a failed attempt, for `t2 replay`.
    ///
    /// - Returns: the folder of the evidence; nil if the job stores nothing.
    func save(
        _ failure: UnitFailure, of unit: WorkUnit, in round: Round, answer: Message?, epoch: UInt64
    ) throws -> String? {
        guard let folder else { return nil }
        try folder.requireInPlace()
        var origin = origin
        origin.step = unit.key.step
        origin.seed = unit.seed
        let lease = Lease(
            work: unit, attempt: failure.attempt, epoch: epoch, lengthSeconds: LeaseLimits().minimumLength.seconds)
        let evidence = UnitEvidence(
            lease: lease, policies: unit.policies.compactMap(round.policy), description: origin, answer: answer)
        return try folder.save(evidence, of: failure)
    }

    /// The accepted result of a unit and the worker that computed it; nil if the unit has none.
    func acceptedResult(_ unit: WorkUnit) throws -> (result: UnitResult, worker: String)? {
        let round = Round(step: unit.key.step, units: [unit], policies: [:])
        guard let summary = try store.summaries(of: round)[unit.key],
            let completions = try store.completions(of: unit.key)
        else { return nil }
        let output = UnitOutput(
            completions: completions, statistics: summary.summary.statistics,
            gradient: try store.gradient(of: unit.key))
        return (UnitResult(unit: unit.key, attempt: summary.attempt, epoch: 0, output: output), summary.worker)
    }
}
