import T2Core

/// What an evaluation asks of its results.
extension JobJournal {
    /// The journal of an evaluation.
    package convenience init(
        _ definition: EvaluationDefinition, folder: RunFolder, resume: Bool,
        progress: @escaping @Sendable (Progress) -> Void
    ) throws {
        let origin = Origin(modelDigest: definition.modelDigest, task: definition.task, seed: definition.seed)
        try self.init(definition.identity, origin: origin, folder: folder, resume: resume, progress: progress)
    }

    /// The completions of a pass, in the problems' order.
    ///
    /// - Throws: `RunStoreError` unless there is one for each of `count` problems.
    func completions(_ phase: Phase, count: Int) async throws -> [RolloutRecord] {
        let rollouts = try await store.rollouts(step: 0, phase: phase).sorted { $0.problemNumber < $1.problemNumber }
        guard rollouts.map(\.problemNumber) == Array(0..<count) else {
            throw RunStoreError.failed(
                path: folder.databasePath, operation: "read the completions", code: 11,
                message: "there are \(rollouts.count) for \(count) problems")
        }
        return rollouts
    }
}
