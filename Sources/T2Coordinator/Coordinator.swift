import Logging
import T2Core
import T2Learning
import T2Transport

/// Trains one expert: hands out each step's units, accepts their results, updates p, and publishes the next z.
///
/// `run` reads from top to bottom as the data's way. All decisions are made by pure values (`BatchPlanner`, `LeaseTable`,
/// `UpdateStep`); this actor carries their effects out.
package actor Coordinator {
    /// Time between two looks at the clock; longer while an event is dealt with.
    private static let tick: Duration = .milliseconds(250)
    /// How long leaving workers are waited for. One that does not answer finds the word to leave when it comes back.
    private static let farewell: Duration = .seconds(2)

    let definition: RunDefinition
    let journal: RunJournal
    let transport: any CoordinatorTransport
    let logger: Logger
    let now: @Sendable () -> ContinuousClock.Instant
    let epoch: UInt64

    var table: LeaseTable
    var roster = WorkerRoster()
    /// Messages since this coordinator's start that could not be read.
    var malformedCount = 0
    var work: StepWork
    var checkpoint: Checkpoint
    private var watchdog: Watchdog
    private var isStepCompleted = false
    private var isStopRequested = false
    private var failure: (any Error)?
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
        self.transport = transport
        self.logger = logger
        self.epoch = epoch
        self.now = now
        table = LeaseTable(epoch: epoch, policy: policy)
        watchdog = Watchdog(at: now())
        work = Self.publish(checkpoint, definition)
    }

    /// Stops at the next moment at which nothing is lost.
    package func stop() { isStopRequested = true }

    /// Ends the run with somebody else's error.
    package func fail(_ error: any Error) { failure = error }

    /// Trains to the end, to `stop`, or to an error. A cancelled task ends at once, without a word to the workers.
    package func run() async throws -> RunOutcome {
        do {
            let outcome = try await train()
            await dismissWorkers(reason: outcome.reason)
            return outcome
        } catch let error as CancellationError {
            throw error
        } catch {
            await dismissWorkers(reason: "the run stopped with an error")
            throw error
        }
    }

    private func train() async throws -> RunOutcome {
        guard !definition.isFinished(checkpoint) else { return .finished(try await journal.summary(of: checkpoint)) }
        while true {
            try await journal.saveLast(checkpoint)
            work = Self.publish(checkpoint, definition)
            guard try await collect() else { return .interrupted(step: checkpoint.step) }
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

    /// Hands out the step's units until each is accepted.
    ///
    /// - Returns: false if the run was asked to stop before that.
    private func collect() async throws -> Bool {
        let start = now()
        let accepted = try await journal.open(work)
        let open = work.units.map(\.key).filter { !accepted.contains($0) }
        isStepCompleted = open.isEmpty
        try await take(.stepOpened(open))
        var nextTick = start
        while !isStepCompleted {
            if let failure { throw failure }
            try Task.checkCancellation()
            guard !isStopRequested else { return false }
            if let event = await transport.nextEvent(before: nextTick) { try await handle(event) }
            if now() >= nextTick {
                nextTick = now() + Self.tick
                try await lookAtTheClock()
            }
        }
        seconds.collect = (now() - start).seconds
        return true
    }

    private func lookAtTheClock() async throws {
        let heard = await transport.lastHeard()
        for peer in roster.strangers(among: heard.keys, at: now()) { await askForHello(peer, after: "heartbeats") }
        var instants: [WorkerIdentifier: ContinuousClock.Instant] = [:]
        for (peer, instant) in heard {
            if let worker = roster.workers[peer] { instants[worker] = instant }
        }
        try await take(.workersHeard(instants))
        try await take(.clockTicked)
        if let report = watchdog.report(table, endpoint: transport.endpoint, at: now()) {
            logger.warning("\(report)", metadata: ["run": "\(definition.name)", "step": "\(work.step)"])
        }
    }

    /// Judges z on the validation split, if it was due and not done when the run ended at this step before.
    ///
    /// - Returns: whether the run ends for want of improvement.
    private func evaluate() async throws -> Bool {
        guard definition.planner.isEvaluated(step: work.step), !checkpoint.isEvaluated else { return false }
        let sums = try await journal.sums(step: work.step, phase: .validation)
        let interval = AccuracyInterval(correct: sums.right, count: sums.sequences)
        let evaluation = Evaluation(step: work.step, accuracy: interval.accuracy)
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
            workers: table.workers.count)
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

    /// Asks the workers to drop what they have and leave, and waits for their BYE, for a bounded time.
    private func dismissWorkers(reason: String) async {
        let deadline = now() + Self.farewell
        for unit in table.units.values {
            for lease in unit.leases { await send(.cancel(Cancel(unit: unit.key, reason: reason)), to: lease.worker) }
        }
        for worker in roster.workers.values where await !send(.drain(Drain(reason: reason)), to: worker) {
            roster.leave(worker)
        }
        while !roster.workers.isEmpty, now() < deadline {
            switch await transport.nextEvent(before: min(deadline, now() + Self.tick)) {
            case .message(.bye, let peer), .unreachable(let peer):
                if let worker = roster.workers[peer] { roster.leave(worker) }
            case .closed: return
            default: break
            }
        }
    }

    /// Gives an event to the lease table and carries out what follows.
    ///
    /// - Parameter answer: the RESULT or ERROR that the event is about.
    func take(_ event: LeaseEvent, arrived answer: Message? = nil) async throws {
        for effect in table.handle(event, at: now()) { try await carryOut(effect, arrived: answer) }
    }

    /// One of the step's units was accepted.
    func noteAcceptance() { watchdog.advanced(at: now()) }

    func noteStepCompleted() { isStepCompleted = true }
}

extension RunOutcome {
    fileprivate var reason: String {
        switch self {
        case .finished: "run finished"
        case .interrupted: "the coordinator was stopped"
        }
    }
}
