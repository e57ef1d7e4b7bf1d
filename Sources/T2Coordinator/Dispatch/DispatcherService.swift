import T2Jobs

/// Runs jobs through a dispatcher, one after another or several at a time.
package struct DispatcherService: JobService {
    package let dispatcher: Dispatcher
    private let folder: RunFolder?

    /// - Parameter folder: the folder for the results of the only job; nil keeps the results of each job in memory.
    package init(_ dispatcher: Dispatcher, folder: RunFolder? = nil) {
        self.dispatcher = dispatcher
        self.folder = folder
    }

    package func run<J: Job>(
        _ job: J, progress: @escaping @Sendable (RoundProgress) -> Void,
        onEvent: @escaping @Sendable (J.Event, J) async throws -> Void
    ) async throws -> JobEnding<J> {
        let journal = try RunJournal(job, folder: folder)
        let ending: JobEnding<J>
        do {
            ending = try await JobRun<J>(journal, dispatcher).run(job, onProgress: progress) { event, job, _ in
                try await onEvent(event, job)
            }
        } catch {
            try? journal.close()
            throw error
        }
        // The journal of a stopped job stays open, because its partial results are read from it.
        if case .finished = ending { try journal.close() }
        return ending
    }
}
