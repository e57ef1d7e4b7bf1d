import Foundation
import T2Core
import T2Learning
import T2Transport

/// The durable side of a search: every accepted unit, and what the search was started with.
///
/// Invariant: a search that goes on after any moment at which it was killed takes the same way as one that never stopped, since
/// its candidates follow from the seed and the results kept here.
package struct SearchJournal: UnitJournal {
    package let folder: RunFolder
    private let definition: SearchDefinition
    private let store: RunStore

    /// - Throws: `CoordinatorError.otherRun` if the folder's search was started with something else; `InputError` if it holds a
    ///   run that is no search; what the folder and the database throw.
    package init(_ definition: SearchDefinition, folder: RunFolder, resume: Bool) throws {
        let path = folder.searchPath
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        if resume {
            let saved = try Self.identity(path)
            if let difference = definition.identity.difference(from: saved) {
                throw CoordinatorError.otherRun(
                    place: folder.path, problem: "belongs to a search that was started with \(difference)")
            }
        } else {
            // Before the database: a folder that holds a search always says which.
            try AtomicFile.write(encoder.encode(definition.identity), to: path)
        }
        self.definition = definition
        self.folder = folder
        store = try RunStore(path: folder.databasePath)
    }

    private static func identity(_ path: String) throws -> SearchIdentity {
        guard FileManager.default.fileExists(atPath: path) else {
            throw InputError(
                path, "is missing: the folder holds a run that is no search",
                remedy: "Go on with it by t2-coord start --resume, or choose another --run-dir.")
        }
        let content = try MappedFile(path: path).data
        do {
            return try JSONDecoder().decode(SearchIdentity.self, from: content)
        } catch {
            throw InputError(
                path, "cannot be read: \(decodingProblem(error, in: content))",
                remedy: "Start the search in another --run-dir.")
        }
    }

    /// Closes the database and lets another coordinator into the folder.
    package func close() throws {
        defer { folder.release() }
        try store.close()
    }

    func open(_ round: any UnitRound) async throws -> Set<UnitKey> { try await store.open(round) }

    func accept(
        _ result: UnitResult, unit: WorkUnit, of round: any UnitRound, lease state: LeasedUnit,
        by worker: WorkerIdentifier
    ) async throws {
        try await store.accept(result, unit: unit, of: round, lease: state, by: worker)
    }

    func save(_ failure: UnitFailure, lease: Lease, answer: Message?, vector: ExpertVector) throws -> String {
        let description = ExpertFile.Description(
            modelDigest: definition.modelDigest, task: definition.task, parameterisation: "candidates",
            step: lease.unit.step, seed: definition.settings.seed, measures: [:])
        return try Evidence(folder: folder.evidencePath).save(
            UnitEvidence(
                lease: lease, policy: ExpertFile(description: description, vector: vector), answer: answer), of: failure
        )
    }

    /// Right answers of each candidate, in their order.
    func right(step: Int) async throws -> [Int] {
        let rollouts = try await store.rollouts(step: step, phase: .answers)
        return Dictionary(grouping: rollouts, by: \.unit).sorted { $0.key < $1.key }.flatMap { _, rollouts in
            Dictionary(grouping: rollouts, by: \.sample).sorted { $0.key < $1.key }.map { _, answers in
                answers.count { $0.outcome == .right }
            }
        }
    }

    /// Mean log-likelihood of the references under each candidate that was asked about, in their order.
    func logLikelihoods(step: Int) async throws -> [Double] {
        let rollouts = try await store.rollouts(step: step, phase: .references)
        return try await store.results(step: step, phase: .references).map { record in
            let own = rollouts.filter { $0.unit == record.unit }
            guard let result = record.result(run: definition.name, own) else {
                throw RunStoreError.failed(
                    path: folder.databasePath, operation: "read the scores of step \(step)", code: 11,
                    message: "unit \(record.unit) has lost its log-probabilities")
            }
            return CoefficientScore.logLikelihood(result.rollouts.map(\.logProbabilities))
        }
    }
}
