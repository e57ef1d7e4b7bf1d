import T2Core
import T2Jobs
import T2Learning

/// What a run folder holds to go on from, and whether a run may.
package struct SavedRun: Sendable {
    /// nil if the run did not get as far as to note it.
    private let saved: JobRecord?
    /// The newest that can be read.
    package let checkpoint: Checkpoint?
    /// What is wrong with newer ones.
    package let damaged: [String]
    private let hasWork: Bool
    private let shelf: CheckpointShelf
    private let folder: String

    init(_ store: RunStore, _ shelf: CheckpointShelf, folder: String) throws {
        self.shelf = shelf
        self.folder = folder
        saved = try store.job()
        (checkpoint, damaged) = shelf.latest()
        guard saved != nil else {
            hasWork = false
            return
        }
        let (steps, evaluations) = (try store.steps(), try store.evaluations())
        hasWork = !steps.isEmpty || !evaluations.isEmpty
    }

    /// Looks into a run folder as a start with `resume` would, and leaves everything as it is.
    ///
    /// - Throws: what would end such a start: `InputError` if the folder is in use or holds nothing readable to go on from,
    ///   `RunStoreError`, and what `requireSameRun` throws.
    package static func inspect(_ definition: TrainingDefinition, folder path: String) throws -> SavedRun {
        let folder = try RunFolder(inspecting: path)
        defer { folder.release() }
        let store = try RunStore(path: folder.databasePath, migrates: false)
        let saved: SavedRun
        do {
            saved = try SavedRun(store, CheckpointShelf(folder: folder.checkpointsPath), folder: path)
        } catch {
            try? store.close()
            throw error
        }
        try store.close()
        try saved.requireSameRun(as: definition)
        return saved
    }

    /// Refuses to go on with other contents. The run may have been given more steps, and another place.
    ///
    /// - Throws: `CoordinatorError.otherRun` or `InputError`.
    func requireSameRun(as definition: TrainingDefinition) throws {
        if let saved {
            try RunJournal.requireSame(try definition.identity(), as: saved.identity, folder: folder)
        }
        guard let checkpoint else {
            // A run saves its start before anything else: without a checkpoint there must not be any work either.
            guard damaged.isEmpty, !hasWork else {
                throw InputError(
                    folder,
                    "none of its checkpoints can be read, and going on would throw its results away: "
                        + (damaged.isEmpty ? "there are none" : damaged.joined(separator: "; ")),
                    remedy: "Restore a file of checkpoints/ from a copy, or start anew in another --run-dir.")
            }
            return
        }
        try checkpoint.requireSameRun(
            as: comparable(definition.configuration, with: checkpoint.configuration),
            modelDigest: definition.model.digest, place: shelf.path(step: checkpoint.step))
    }

    /// The configuration given, with the paths of the saved one, since model and data are compared by content, and with its
    /// steps unless there are fewer now.
    private func comparable(_ given: RunConfiguration, with saved: RunConfiguration) -> RunConfiguration {
        var configuration = given
        configuration.model = saved.model
        configuration.data = saved.data
        configuration.steps = min(configuration.steps, saved.steps)
        return configuration
    }
}
