import T2Core
import T2Learning

/// Trains one expert. Each round holds a step's units under the current z, and their results update p.
package struct TrainingJob: Job {
    package enum Event: Sendable {
        /// z was evaluated on the validation split.
        case evaluated(EvaluationMetrics)
        /// p was updated.
        case updated(StepMetrics)
    }

    package let definition: TrainingDefinition
    package private(set) var checkpoint: Checkpoint

    package var name: String { definition.name }
    package var model: JobModel { definition.model }
    package func missingRewards(in _: Round) -> MissingRewardHandling {
        .stop(limit: definition.configuration.missingLimit)
    }

    package func identity() throws -> JobIdentity { try definition.identity() }

    /// - Parameter checkpoint: the state to continue from.
    package init(_ definition: TrainingDefinition, from checkpoint: Checkpoint) {
        self.definition = definition
        self.checkpoint = checkpoint
    }

    /// The current policy: z, or A and B, of the current p.
    package var policy: Policy {
        let vector = definition.parameterisation.vector(checkpoint.parameters)
        return definition.parameterisation.lora == nil ? .svf(vector) : .lora(vector)
    }

    package func nextRound() -> Round? {
        guard !definition.isFinished(checkpoint) else { return nil }
        let policy = policy
        let digest = policy.digest
        let planned = definition.planner.work(step: checkpoint.step)
        return Round(step: checkpoint.step, units: planned.map { unit($0, digest) }, policies: [digest: policy])
    }

    private func unit(_ planned: BatchPlanner.Unit, _ policy: Digest) -> WorkUnit {
        let configuration = definition.configuration
        let trains = planned.key.phase == .train
        let split = trains ? definition.training : definition.validation
        return WorkUnit(
            key: planned.key, seed: configuration.seed, problems: planned.problems.map { split[$0] },
            problemIndices: planned.indices,
            sequences: WorkUnit.Sequence.all(
                problems: planned.problems.count, samples: trains ? configuration.samplesPerPrompt : 1),
            policies: [policy],
            sampling: Sampling(
                temperature: trains ? configuration.temperature : 0, maxTokens: configuration.maxTokens,
                stopStrings: definition.stopStrings), gradient: trains ? gradient : nil)
    }

    private var gradient: GradientSpecification {
        let configuration = definition.configuration
        let every = configuration.reportKLEvery
        return GradientSpecification(
            advantage: configuration.advantage, runningMeanReward: checkpoint.runningMeanReward.mean,
            klCoefficient: configuration.klCoefficient, klDirection: configuration.klDirection,
            klEstimator: configuration.klEstimator,
            measuresKL: every > 0 && checkpoint.step.isMultiple(of: every))
    }

    package func audited(in round: Round, secret: UInt64) -> Set<UnitKey> {
        guard let share = definition.configuration.audit, share > 0 else { return [] }
        let drawn = round.units.map(\.key).filter { key in
            let stream = RandomStream.audit(step: key.step, unit: key.index, phase: key.phase.isTraining ? 0 : 1)
            var random = SeededRandom(seed: definition.configuration.seed ^ secret, stream)
            return random.nextUniform() < share
        }
        return Set(drawn)
    }

    /// Records the evaluation of z, if one was due, then updates p.
    ///
    /// - Throws: `UpdateStep.Failure` with the unit that caused it; the checkpoint is then unchanged except for its evaluation.
    package mutating func take(_ results: RoundResults) throws -> [Event] {
        var events: [Event] = []
        let validation = try results.sum(.validation)
        if definition.planner.isEvaluated(step: checkpoint.step), !checkpoint.isEvaluated {
            events.append(.evaluated(evaluate(validation)))
        }
        guard !checkpoint.earlyStopping.shouldStop, checkpoint.step < definition.configuration.steps else {
            return events
        }
        let update = try UpdateStep.next(after: checkpoint, results, definition)
        checkpoint = update.checkpoint
        let metrics = StepMetrics(
            update, evaluationTokens: validation.statistics.completionTokens, units: results.round.units.count)
        return events + [.updated(metrics)]
    }

    private mutating func evaluate(_ sums: UnitSummary) -> EvaluationMetrics {
        let interval = AccuracyInterval(correct: sums.right, count: sums.sequences)
        let evaluation = ValidationAccuracy(step: checkpoint.step, accuracy: interval.accuracy)
        let isBest = checkpoint.earlyStopping.record(evaluation)
        checkpoint.history.append(evaluation)
        if isBest { checkpoint.bestVector = policy.vector?.values }
        return EvaluationMetrics(
            sums, interval, step: checkpoint.step, isBest: isBest, best: checkpoint.earlyStopping.best ?? evaluation)
    }
}
