import Logging
import T2Core
import T2Evaluation
import T2Learning
import T2Transport

/// Measures accuracy on a task's problems, which whatever workers there are answer.
///
/// The same passes over the same batches as on one machine, where one model answers all problems; where each has an expert of
/// its own, units are cut by expert, and answers are the same up to rounding. Results are put together in the problems' order.
package struct EvaluationCoordinator: Sendable {
    package struct Findings: Sendable {
        package let completions: [EvaluatedCompletion]
        /// What was searched first, if something was.
        package let search: FewShotResult?
        /// Workers that computed any of it.
        package let workers: Int
    }

    private let definition: EvaluationDefinition
    private let journal: JobJournal
    private let dispatcher: Dispatcher

    package init(
        _ definition: EvaluationDefinition, journal: JobJournal, transport: any CoordinatorTransport, logger: Logger
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

    /// Ends the evaluation with somebody else's error.
    package func fail(_ error: any Error) async { await dispatcher.fail(error) }

    /// - Parameter onIteration: of a search that comes first.
    /// - Returns: nil if it was stopped before its end; what was accepted is durable.
    /// - Throws: `LearningError` for settings out of range; `CoordinatorError`; `RunStoreError`.
    package func run(onIteration: @Sendable (FewShotSearch.Iteration) -> Void) async throws -> Findings? {
        try await dispatcher.withFarewell("evaluation") { try await evaluate(onIteration) }
    }

    private func evaluate(_ onIteration: (FewShotSearch.Iteration) -> Void) async throws -> Findings? {
        let all = Array(definition.problems.indices)
        var dispatches: [Dispatch]?
        var search: FewShotResult?
        let shares: [EvaluationRound.Share]
        switch definition.policy {
        case .fixed(let vector): shares = [EvaluationRound.Share(vector: vector, problems: all)]
        case .fewShot(let definition, let entries):
            guard let outcome = try await SearchRounds(definition, journal, dispatcher).run(onIteration) else {
                return nil
            }
            let result = try FewShotResult(
                outcome, of: definition.mixture, entries, task: definition.task, shots: definition.shots,
                settings: definition.settings)
            shares = [EvaluationRound.Share(vector: result.mixture.vector, problems: all)]
            search = result
        case .classified(let classification, let classifier, let experts):
            let questions = EvaluationRound(
                definition, phase: .classification, problems: definition.questions,
                shares: [EvaluationRound.Share(vector: classifier, problems: all)],
                sampling: Sampling(temperature: 0, maxTokens: Classification.maxTokens))
            guard try await dispatcher.collect(questions) else { return nil }
            let decided = try await journal.completions(.classification, count: all.count).map {
                classification.dispatch($0.completion)
            }
            shares = ([nil] + experts.keys.sorted()).map { name in
                EvaluationRound.Share(
                    vector: name.flatMap { experts[$0] }, problems: all.filter { decided[$0].expert == name })
            }
            dispatches = decided
        }
        let answers = EvaluationRound(
            definition, phase: .evaluation, problems: definition.problems, shares: shares, sampling: definition.sampling
        )
        guard try await dispatcher.collect(answers) else { return nil }
        let found = try await journal.completions(.evaluation, count: all.count)
        let completions = zip(definition.problems, found).enumerated().map { place, pair in
            EvaluatedCompletion(
                problem: pair.0, completion: pair.1.completion, tokenCount: pair.1.tokens,
                finished: pair.1.isFinished, reward: .judged(pair.1.outcome), dispatch: dispatches?[place])
        }
        return Findings(completions: completions, search: search, workers: Set(found.map(\.worker)).count)
    }
}
