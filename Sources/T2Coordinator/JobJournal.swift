import Foundation
import Synchronization
import T2Core
import T2Transport

/// The durable side of a search or an evaluation: every accepted unit, and what the job was started with.
///
/// Invariant: a job that goes on after any moment at which it was killed takes the same way as one that never stopped, since its
/// units follow from what it was started with and the results kept here.
package final class JobJournal: UnitJournal {
    /// What is noted of a failed unit's z.
    struct Origin: Sendable {
        let modelDigest: Digest
        let task: String
        let seed: UInt64
    }

    /// How far an evaluation is.
    package struct Progress: Sendable {
        package fileprivate(set) var classified = 0
        package fileprivate(set) var answered = 0
        package fileprivate(set) var right = 0

        fileprivate mutating func add(_ summary: UnitSummary, _ phase: Phase) {
            switch phase {
            case .classification: classified += summary.sequences
            case .evaluation:
                answered += summary.sequences
                right += summary.right
            case .train, .validation, .answers, .references: break
            }
        }
    }

    package let folder: RunFolder
    let store: RunStore
    private let origin: Origin
    private let progress = Mutex(Progress())
    private let onProgress: @Sendable (Progress) -> Void

    /// - Parameter progress: told after each accepted unit.
    /// - Throws: `CoordinatorError.otherRun` if the folder's job was started with something else; `InputError` if it holds a
    ///   run of another kind; what the folder and the database throw.
    init<Identity: JobIdentity>(
        _ identity: Identity, origin: Origin, folder: RunFolder, resume: Bool,
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) throws {
        let path = folder.path + "/\(Identity.noun).json"
        if resume {
            let saved = try Self.read(Identity.self, path)
            if let difference = identity.difference(from: saved) {
                throw CoordinatorError.otherRun(
                    place: folder.path,
                    problem: "belongs to \(Self.article(Identity.noun)) that was started with \(difference)")
            }
        } else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            // Before the database: a folder that holds a job always says which.
            try AtomicFile.write(encoder.encode(identity), to: path)
        }
        self.origin = origin
        onProgress = progress
        self.folder = folder
        store = try RunStore(path: folder.databasePath)
    }

    private static func read<Identity: JobIdentity>(_: Identity.Type, _ path: String) throws -> Identity {
        guard FileManager.default.fileExists(atPath: path) else {
            throw InputError(
                path, "is missing: the folder holds a run that is no \(Identity.noun)",
                remedy: "Go on with it by the command that began it, or choose another --run-dir.")
        }
        let content = try MappedFile(path: path).data
        do {
            return try JSONDecoder().decode(Identity.self, from: content)
        } catch {
            throw InputError(
                path, "cannot be read: \(decodingProblem(error, in: content))",
                remedy: "Start the \(Identity.noun) in another --run-dir.")
        }
    }

    static func article(_ noun: String) -> String { ("aeiou".contains(noun.first ?? " ") ? "an " : "a ") + noun }

    /// Closes the database and lets another coordinator into the folder.
    package func close() throws {
        defer { folder.release() }
        try store.close()
    }

    func open(_ round: any UnitRound) async throws -> Set<UnitKey> {
        let accepted = try await store.open(round)
        for phase in Set(accepted.map(\.phase)) {
            for result in try await store.results(step: round.step, phase: phase) {
                progress.withLock { $0.add(result.summary, phase) }
            }
        }
        return accepted
    }

    func accept(
        _ result: UnitResult, unit: WorkUnit, of round: any UnitRound, lease state: LeasedUnit,
        by worker: WorkerIdentifier
    ) async throws {
        try await store.accept(result, unit: unit, of: round, lease: state, by: worker)
        onProgress(
            progress.withLock { progress in
                progress.add(UnitSummary(result), result.unit.phase)
                return progress
            })
    }

    func note(_ failure: UnitFailure, unit: UnitKey) async throws { try await store.add(failure, to: unit) }

    func save(_ failure: UnitFailure, lease: Lease, answer: Message?, vector: ExpertVector) throws -> String {
        let description = ExpertFile.Description(
            modelDigest: origin.modelDigest, task: origin.task, parameterisation: "none", step: lease.unit.step,
            seed: origin.seed, measures: [:])
        return try Evidence(folder: folder.evidencePath).save(
            UnitEvidence(
                lease: lease, policy: ExpertFile(description: description, vector: vector), answer: answer), of: failure
        )
    }
}
