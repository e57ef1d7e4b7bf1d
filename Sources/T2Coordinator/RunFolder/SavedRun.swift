import Foundation
import T2Core
import T2Jobs
import T2Learning

/// The saved state of a run folder, and the check that a run may continue from it.
package struct SavedRun: Sendable {
    /// The stored job; nil if the run was interrupted before it stored one.
    private let saved: JobRecord?
    /// The newest checkpoint that can be read.
    package let checkpoint: Checkpoint?
    /// The errors of newer checkpoints.
    package let damaged: [String]
    /// The steps with metrics, and the evaluations.
    private let steps: [Int]
    private let evaluations: [ValidationAccuracy]
    private let shelf: CheckpointShelf
    private let folder: String

    init(_ store: RunStore, _ shelf: CheckpointShelf, folder: String) throws {
        self.shelf = shelf
        self.folder = folder
        saved = try store.job()
        (checkpoint, damaged) = shelf.latest()
        steps = try store.steps().map(\.step)
        evaluations = try store.evaluations().map { ValidationAccuracy(step: $0.step, accuracy: $0.accuracy) }
    }

    /// Refuses a folder whose database is damaged or lacks rows that its newest checkpoint has seen, before anything is written to it.
    ///
    /// - Throws: `InputError`, `RunStoreError`.
    static func requireJournal(in folder: RunFolder) throws {
        let shelf = CheckpointShelf(folder: folder.checkpointsPath)
        guard FileManager.default.fileExists(atPath: folder.databasePath), !shelf.steps().isEmpty else { return }
        let store = try RunStore(path: folder.databasePath, migrates: false)
        defer { try? store.close() }
        try store.requireIntact()
        try SavedRun(store, shelf, folder: folder.path).requireJournal()
    }

    /// The metrics and evaluations of a run cannot be computed again after its checkpoint.
    private func requireJournal() throws {
        guard let checkpoint else { return }
        let lostSteps = Set(stride(from: 1, through: checkpoint.step, by: 1)).subtracting(steps).sorted()
        let lostEvaluations = checkpoint.history.filter { !evaluations.contains($0) }.map(\.step)
        let lost = [("steps", lostSteps), ("evaluations", lostEvaluations)].compactMap { table, rows in
            rows.first.map { "\(rows.count) rows of its table \(table), the first that of step \($0)" }
        }
        guard !lost.isEmpty else { return }
        throw InputError(
            RunFolder.databasePath(in: folder),
            "incomplete: the checkpoint is that of step \(checkpoint.step), and the file lacks \(lost.joined(separator: ", and "))",
            remedy:
                "Copy run.sqlite again together with run.sqlite-wal, which holds its newest rows, or start in another "
                + "--run-dir.")
    }

    /// Makes the checks of a start with `resume`, without changing the folder.
    ///
    /// - Throws: the errors of such a start: `InputError` if the folder is in use or has no readable state,
    ///   `RunStoreError`, and the errors of `requireSameRun`.
    package static func inspect(_ definition: TrainingDefinition, folder path: String) throws -> SavedRun {
        let folder = try RunFolder(inspecting: path)
        defer { folder.release() }
        let store = try RunStore(path: folder.databasePath, migrates: false)
        defer { try? store.close() }
        try store.requireIntact()
        let saved = try SavedRun(store, CheckpointShelf(folder: folder.checkpointsPath), folder: path)
        try saved.requireSameRun(as: definition)
        return saved
    }

    /// Refuses to continue a run with different inputs. More steps and another folder are allowed.
    ///
    /// - Throws: `InputError`.
    func requireSameRun(as definition: TrainingDefinition) throws {
        if let saved { try RunJournal.requireSame(try definition.identity(), as: saved.identity, folder: folder) }
        try requireJournal()
        guard let checkpoint else {
            // A run saves its initial checkpoint first, so a run without checkpoints must not have results either.
            guard damaged.isEmpty, steps.isEmpty, evaluations.isEmpty else {
                throw InputError(
                    folder,
                    "none of its checkpoints can be read, and continuing would discard its results: "
                        + (damaged.isEmpty ? "there are none" : damaged.joined(separator: "; ")),
                    remedy: "Restore a file of checkpoints/ from a copy, or start a new run in another --run-dir.")
            }
            return
        }
        // Model and data are compared by content, not by path; the number of steps may grow, and audits change no result.
        var configuration = definition.configuration
        configuration.model = checkpoint.configuration.model
        configuration.data = checkpoint.configuration.data
        configuration.audit = checkpoint.configuration.audit
        configuration.steps = min(configuration.steps, checkpoint.configuration.steps)
        try checkpoint.requireSameRun(
            as: configuration, modelDigest: definition.model.digest, location: shelf.path(step: checkpoint.step))
    }
}
