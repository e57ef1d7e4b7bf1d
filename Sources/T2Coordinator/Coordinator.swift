import Logging
import T2Core
import T2Learning
import T2Transport

/// Trains one expert: hands out each step's units, accepts their results, updates p, and publishes the next z.
///
/// `run` reads from top to bottom as the data's way. All decisions are made by pure values (`BatchPlanner`, `UpdateStep`); the
/// units of a step are the dispatcher's to hand out.
package actor Coordinator {
    private let definition: RunDefinition
    private let journal: RunJournal
    private let dispatcher: Dispatcher
    private let now: @Sendable () -> ContinuousClock.Instant

    private var work: StepWork
    private var checkpoint: Checkpoint
    private var stepDurations = DurationHistory()
    private var seconds = StepSeconds()

    /// - Parameters:
    ///   - journal: already restored to `checkpoint`.
    ///   - epoch: differs at every start of a coordinator.
    package init(
        definition: RunDefinition, checkpoint: Checkpoint, journal: RunJournal, transport: any CoordinatorTransport,
        logger: Logger, policy: LeasePolicy = LeasePolicy(), epoch: UInt64 = .random(in: 1 ... .max),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.definition = definition
        self.checkpoint = checkpoint
        self.journal = journal
        self.now = now
        dispatcher = Dispatcher(
            host: Dispatcher.Host(
                name: definition.name, modelPath: definition.configuration.model, modelDigest: definition.modelDigest,
                tokenizerDigest: definition.tokenizerDigest), journal: journal, transport: transport, logger: logger,
            policy: policy, epoch: epoch, now: now)
        work = Self.publish(checkpoint, definition)
    }

    /// Stops at the next moment at which nothing is lost.
    package func stop() async { await dispatcher.stop() }

    /// Ends the run with somebody else's error.
    package func fail(_ error: any Error) async { await dispatcher.fail(error) }

    /// Trains to the end, to `stop`, or to an error. A cancelled task ends at once, without a word to the workers.
    package func run() async throws -> RunOutcome {
        do {
            let outcome = try await train()
            await dispatcher.dismissWorkers(reason: outcome.reason)
            return outcome
        } catch let error as CancellationError {
            throw error
        } catch {
            await dispatcher.dismissWorkers(reason: "the run stopped with an error")
            throw error
        }
    }

    private func train() async throws -> RunOutcome {
        guard !definition.isFinished(checkpoint) else { return .finished(try await journal.summary(of: checkpoint)) }
        while true {
            try await journal.saveLast(checkpoint)
            work = Self.publish(checkpoint, definition)
            let start = now()
            guard try await dispatcher.collect(work) else { return .interrupted(step: checkpoint.step) }
            seconds.collect = (now() - start).seconds
            let shouldStop = try await evaluate()
            if shouldStop || checkpoint.step == definition.configuration.steps { break }
            try await update()
        }
        try await journal.finish(checkpoint)
        return .finished(try await journal.summary(of: checkpoint))
    }

    /// p → z, and the units to compute under it.
    private static func publish(_ checkpoint: Checkpoint, _ definition: RunDefinition) -> StepWork {
        StepWork(
            definition: definition, step: checkpoint.step,
            vector: definition.parameterisation.vector(checkpoint.parameters),
            runningMeanReward: checkpoint.runningMeanReward.mean)
    }

    /// Judges z on the validation split, if it was due and not done when the run ended at this step before.
    ///
    /// - Returns: whether the run ends for want of improvement.
    private func evaluate() async throws -> Bool {
        guard definition.planner.isEvaluated(step: work.step), !checkpoint.isEvaluated else { return false }
        let sums = try await journal.sums(step: work.step, phase: .validation)
        let interval = AccuracyInterval(correct: sums.right, count: sums.sequences)
        let evaluation = ValidationAccuracy(step: work.step, accuracy: interval.accuracy)
        let verdict = checkpoint.earlyStopping.record(evaluation)
        checkpoint.history.append(evaluation)
        if verdict.isBest { checkpoint.bestVector = work.vector.values }
        try await journal.commit(
            EvaluationMetrics(
                sums, interval, step: work.step, isBest: verdict.isBest,
                best: checkpoint.earlyStopping.best ?? evaluation), checkpoint)
        return verdict.shouldStop
    }

    /// Sum, chain rule, clip, AdamW; durable before it counts.
    private func update() async throws {
        let start = now()
        let results = try await journal.results(step: work.step, phase: .train)
        let outcome = try await next(after: results)
        seconds.update = (now() - start).seconds
        let training = results.reduce(into: UnitSummary()) { $0.add($1.summary) }
        let evaluationTokens = try await journal.sums(step: work.step, phase: .validation).statistics.completionTokens
        let metrics = StepMetrics(
            step: outcome.checkpoint.step, training: training, evaluationTokens: evaluationTokens,
            units: try await journal.units(step: work.step), update: outcome, seconds: seconds,
            workers: await dispatcher.workerCount)
        stepDurations.record(.seconds(seconds.total))
        let committed = now()
        try await journal.commit(outcome.checkpoint, metrics, line: line(metrics))
        checkpoint = outcome.checkpoint
        seconds = StepSeconds(checkpoint: (now() - committed).seconds)
    }

    private func next(after results: [ResultRecord]) async throws -> UpdateStep.Outcome {
        let step = try UpdateStep(
            parameterisation: definition.parameterisation, configuration: definition.configuration)
        do throws(UpdateStep.Failure) {
            return try step.next(after: checkpoint, results: results)
        } catch {
            throw try await evidence(of: error)
        }
    }

    private func line(_ metrics: StepMetrics) -> String {
        let steps = definition.configuration.steps
        let usual = stepDurations.percentile(0.5) ?? .zero
        return RunConsole.line(metrics, steps: steps, remainingSeconds: usual.seconds * Double(steps - metrics.step))
    }

    /// The unit that an update failed at, saved as if its result had been refused.
    private func evidence(of failure: UpdateStep.Failure) async throws -> CoordinatorError {
        let key = UnitKey(run: definition.name, step: work.step, phase: .train, index: failure.result.unit)
        let worker = WorkerIdentifier(name: failure.result.worker, incarnation: 0)
        let unitFailure = UnitFailure(
            worker: worker, attempt: failure.result.attempt, category: ResultDefect.Category.nonFinite.rawValue,
            message: failure.description)
        let result = try await journal.unitResult(failure.result)
        let folder = try await dispatcher.save(unitFailure, unit: key, answer: result.map { .result($0) })
        return .nonFiniteUpdate(key, failure.cause, evidence: folder, model: definition.configuration.model)
    }
}

extension RunOutcome {
    fileprivate var reason: String {
        switch self {
        case .finished: "run finished"
        case .interrupted: "the coordinator was stopped"
        }
    }
}
