import T2Core
import T2Learning

/// What a search asks of its results.
extension JobJournal {
    /// The journal of a search.
    package convenience init(_ definition: SearchDefinition, folder: RunFolder, resume: Bool) throws {
        let origin = Origin(
            modelDigest: definition.modelDigest, task: definition.task, seed: definition.settings.seed)
        try self.init(definition.identity, origin: origin, folder: folder, resume: resume)
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
    func logLikelihoods(step: Int, run: String) async throws -> [Double] {
        let rollouts = try await store.rollouts(step: step, phase: .references)
        return try await store.results(step: step, phase: .references).map { record in
            let own = rollouts.filter { $0.unit == record.unit }
            guard let result = record.result(run: run, own) else {
                throw RunStoreError.failed(
                    path: folder.databasePath, operation: "read the scores of step \(step)", code: 11,
                    message: "unit \(record.unit) has lost its log-probabilities")
            }
            return CoefficientScore.logLikelihood(result.rollouts.map(\.logProbabilities))
        }
    }
}
