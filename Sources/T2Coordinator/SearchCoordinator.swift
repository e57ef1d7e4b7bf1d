import Logging
import T2Core
import T2Learning
import T2Transport

/// Searches the mixture of experts that answers a few shots best, its candidates evaluated by whatever workers there are.
package struct SearchCoordinator: Sendable {
    private let definition: SearchDefinition
    private let journal: JobJournal
    private let dispatcher: Dispatcher

    package init(
        _ definition: SearchDefinition, journal: JobJournal, transport: any CoordinatorTransport, logger: Logger
    ) {
        self.definition = definition
        self.journal = journal
        dispatcher = Dispatcher(
            host: Dispatcher.Host(
                name: definition.name, modelPath: definition.modelPath, modelDigest: definition.modelDigest,
                tokenizerDigest: definition.tokenizerDigest), journal: journal, transport: transport, logger: logger)
    }

    /// Stops at the next moment at which nothing is lost.
    package func stop() async { await dispatcher.stop() }

    /// Ends the search with somebody else's error.
    package func fail(_ error: any Error) async { await dispatcher.fail(error) }

    /// - Returns: nil if it was stopped before its end; what was accepted is durable.
    /// - Throws: `LearningError` for settings out of range; `CoordinatorError`; `RunStoreError`.
    package func run(onIteration: @Sendable (FewShotSearch.Iteration) -> Void) async throws -> FewShotSearch.Outcome? {
        try await dispatcher.withFarewell("search") {
            try await SearchRounds(definition, journal, dispatcher).run(onIteration)
        }
    }
}

/// The rounds of a search, one after another: the same search as on one machine, step by step. `PopulationSearch` says what is
/// evaluated next, units are cut as the batches are there, and the scores are put together in the candidates' order.
struct SearchRounds {
    private let definition: SearchDefinition
    private let journal: JobJournal
    private let dispatcher: Dispatcher

    init(_ definition: SearchDefinition, _ journal: JobJournal, _ dispatcher: Dispatcher) {
        self.definition = definition
        self.journal = journal
        self.dispatcher = dispatcher
    }

    /// - Returns: nil if it was stopped before its end.
    func run(_ onIteration: (FewShotSearch.Iteration) -> Void) async throws -> FewShotSearch.Outcome? {
        var search = try PopulationSearch(
            definition.mixture, shots: definition.shots.count, settings: definition.settings)
        while !search.isFinished {
            let step = search.progress.iterations.count
            let candidates = search.candidates
            guard try await dispatcher.collect(SearchRound.answers(candidates, step: step, of: definition)) else {
                return nil
            }
            let right = try await journal.right(step: step)
            let undecided = search.undecided(right).map { candidates[$0] }
            guard try await dispatcher.collect(SearchRound.references(undecided, step: step, of: definition)) else {
                return nil
            }
            let likelihoods = try await journal.logLikelihoods(step: step, run: definition.name)
            onIteration(search.update(right: right, logLikelihoods: likelihoods))
        }
        return try search.progress.outcome(isCancelled: false)
    }
}
