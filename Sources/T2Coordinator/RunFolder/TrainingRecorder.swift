import Foundation
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2Transport

/// Writes the files of a training run other than its units: checkpoints, metrics, expert files, and `train.log`.
///
/// Invariants:
/// - if the process is killed at any moment, `restore` gives the same state of the run as if it had never stopped;
/// - `metrics.jsonl` holds every finished step once, in order: it is rewritten from the database at every start, and
///   `train.log` says so if it loses lines;
/// - nothing is written to another folder that replaced the run's.
package actor TrainingRecorder {
    package nonisolated let folder: RunFolder
    private let journal: RunJournal
    private var definition: TrainingDefinition
    private let shelf: CheckpointShelf
    private let log: LineLog
    private let console: @Sendable (String) -> Void
    private var metrics: LineLog?
    private var stepDurations = DurationHistory()
    private var checkpointSeconds = 0.0

    private var store: RunStore { journal.store }

    /// - Parameter console: receives each line that is written to `train.log`.
    package init(
        _ definition: TrainingDefinition, journal: RunJournal, folder: RunFolder,
        console: @escaping @Sendable (String) -> Void
    ) throws {
        self.definition = definition
        self.journal = journal
        self.folder = folder
        self.console = console
        shelf = CheckpointShelf(folder: folder.checkpointsPath)
        log = try LineLog(path: folder.logPath)
    }

    /// Prints a line and appends it to `train.log`.
    package func say(_ line: String) throws {
        console(line)
        try log.append(line)
    }

    /// Restores the job from the newest readable checkpoint, or from the start. A finished run is left unchanged.
    ///
    /// The run may have more steps than before; everything else must be unchanged.
    /// - Returns: the job, and the errors of newer checkpoints that were skipped.
    /// - Throws: `InputError` if the folder's run was started with different inputs.
    package func restore() throws -> (job: TrainingJob, damaged: [String]) {
        let saved = try SavedRun(store, shelf, folder: folder.path)
        try saved.requireSameRun(as: definition)
        definition.name = journal.name
        var checkpoint = try saved.checkpoint ?? definition.start()
        try folder.requireInPlace()
        if saved.checkpoint == nil { try shelf.save(checkpoint) }
        if checkpoint.configuration.steps < definition.configuration.steps, !definition.isFinished(checkpoint) {
            checkpoint.configuration.steps = definition.configuration.steps
        }
        try store.rewind(to: checkpoint.step, keepsEvaluation: checkpoint.isEvaluated)
        try writeMetrics(step: checkpoint.step)
        metrics = try LineLog(path: folder.metricsPath)
        return (TrainingJob(definition, from: checkpoint), saved.damaged)
    }

    /// Writes `metrics.jsonl` anew from the database, and says how many lines it loses because the run goes back.
    private func writeMetrics(step: Int) throws {
        let old = (try? MappedFile(path: folder.metricsPath).data) ?? Data()
        let text = try metricsText()
        let (before, after) = (Self.lineCount(old), Self.lineCount(text.utf8))
        if after < before {
            try say(
                "metrics.jsonl: \(before - after) of \(before) lines removed, since the run goes back to step \(step)")
        }
        try AtomicFile.write(text, to: folder.metricsPath)
    }

    private static func lineCount(_ bytes: some Sequence<UInt8>) -> Int { bytes.count { $0 == UInt8(ascii: "\n") } }

    /// The text of `metrics.jsonl`: each step's line, followed by the line of its evaluation.
    private func metricsText() throws -> String {
        var lines = try store.steps().map { (step: $0.step, order: 0, line: MetricsLine.step($0)) }
        lines += try store.evaluations().map { (step: $0.step, order: 1, line: MetricsLine.evaluation($0)) }
        lines.sort { ($0.step, $0.order) < ($1.step, $1.order) }
        return try lines.map { line in
            do { return try line.line.text() + "\n" } catch EncodingError.invalidValue(let value, let context) {
                let column = context.codingPath.map(\.stringValue).joined(separator: ".")
                throw RunStoreError.damaged(
                    path: store.path,
                    location: "table \(line.order == 0 ? "steps" : "evaluations"), step \(line.step), \(column)",
                    problem: "'\(value)' is not a finite number")
            }
        }
        .joined()
    }

    /// Writes the current policy to the last expert file, with its accuracy if it has been evaluated.
    package func saveLast(_ job: TrainingJob) throws {
        guard let values = job.policy.vector?.values else { return }
        let checkpoint = job.checkpoint
        let expert = expert(values, step: checkpoint.step, checkpoint.history)
        try write(expert, to: folder.lastExpertPath(definition.configuration.adapter))
    }

    /// Stores an event of the job durably.
    package func record(_ event: TrainingJob.Event, _ job: TrainingJob, _ timing: RoundTiming) throws {
        try folder.requireInPlace()
        switch event {
        case .evaluated(let metrics): try commit(metrics, job.checkpoint)
        case .updated(let metrics):
            try commit(try completed(metrics, timing), job.checkpoint)
            try saveLast(job)
        }
    }

    /// Completes the metrics with the counts of leases and failures, and the times.
    private func completed(_ metrics: StepMetrics, _ timing: RoundTiming) throws -> StepMetrics {
        var metrics = metrics
        let units = try store.units(step: metrics.step - 1)
        metrics.workers = timing.workers
        metrics.missing = units.compactMap { $0.failures.first(where: \.isMissingReward)?.missingReasons }
            .reduce(into: metrics.missing) { $0.merge($1, uniquingKeysWith: +) }
        metrics.unitsHandedOutTwice = units.count { $0.leases > 1 }
        metrics.failures = units.flatMap(\.failures).count { !$0.isMissingReward }
        metrics.setTimes(
            collect: timing.collect.seconds, update: timing.take.seconds, checkpoint: checkpointSeconds)
        stepDurations.record(.seconds(metrics.seconds))
        return metrics
    }

    /// Stores the metrics, then the checkpoint, and only then discards the gradients.
    private func commit(_ step: StepMetrics, _ checkpoint: Checkpoint) throws {
        let start = ContinuousClock.now
        try store.record(step)
        try shelf.save(checkpoint)
        try store.discardGradients(before: checkpoint.step)
        try store.moveLog()
        try metrics?.append(try MetricsLine.step(step).text())
        let steps = definition.configuration.steps
        let usual = stepDurations.percentile(0.5) ?? .zero
        try say(RunConsole.line(step, steps: steps, remainingSeconds: usual.seconds * Double(steps - step.step)))
        checkpointSeconds = (ContinuousClock.now - start).seconds
    }

    /// Stores an evaluation, and the expert if it is the best.
    private func commit(_ evaluation: EvaluationMetrics, _ checkpoint: Checkpoint) throws {
        try store.record(evaluation)
        try metrics?.append(try MetricsLine.evaluation(evaluation).text())
        if let best = checkpoint.bestVector, evaluation.isBest {
            let expert = expert(best, step: evaluation.step, checkpoint.history)
            try write(expert, to: folder.bestExpertPath(definition.configuration.adapter))
        }
        try say(RunConsole.line(evaluation))
    }

    /// Saves the last state of a run, including its final evaluation. The run is finished once this checkpoint is written.
    package func finish(_ job: TrainingJob) throws {
        try folder.requireInPlace()
        try saveLast(job)
        try store.moveLog()
        try shelf.save(job.checkpoint)
    }

    /// The summary of a finished run.
    ///
    /// - Throws: `RunStoreError` if the evaluation of the start or of the best step is not stored.
    package func summary(of checkpoint: Checkpoint) throws -> RunSummary {
        let evaluations = try store.evaluations()
        func interval(step: Int) throws -> AccuracyInterval {
            guard let found = evaluations.first(where: { $0.step == step }) else {
                throw RunStoreError.damaged(
                    path: store.path, location: "table evaluations, step \(step)", problem: "the row is missing")
            }
            return AccuracyInterval(correct: found.correct, count: found.problems)
        }
        let bestStep = checkpoint.earlyStopping.best?.step ?? 0
        return try RunSummary(
            steps: checkpoint.step, endedEarly: checkpoint.step < definition.configuration.steps,
            base: interval(step: 0), best: interval(step: bestStep), bestStep: bestStep)
    }

    /// Writes an expert file, or a PEFT folder for LoRA.
    private func write(_ expert: ExpertFile, to path: String) throws {
        try folder.requireInPlace()
        guard let layout = definition.parameterisation.lora else { return try expert.write(to: path) }
        let configuration = definition.configuration
        try PEFTFolder(
            configuration: PEFTConfiguration(
                rank: configuration.rank ?? AdapterKind.defaultRank, alpha: Double(configuration.alpha ?? 0),
                targetModules: MatrixKind.allCases.filter { $0.isTarget(of: configuration.targetModules) }
                    .map(\.module),
                baseModel: configuration.model),
            description: expert.description, layout: layout, vector: expert.vector
        ).write(to: path)
    }

    /// An expert file with its description.
    private func expert(_ values: [Float], step: Int, _ history: [ValidationAccuracy]) -> ExpertFile {
        var measures: [String: String] = [:]
        for (name, step) in [("validation-accuracy", step), ("base-validation-accuracy", 0)] {
            guard let evaluation = history.last(where: { $0.step == step }) else { continue }
            measures[name] = String(format: "%.4f", evaluation.accuracy)
        }
        if !measures.isEmpty { measures["validation-problems"] = String(definition.validation.count) }
        return ExpertFile(
            description: .init(
                modelDigest: definition.model.digest, task: definition.task,
                parameterisation: definition.parameterisation.name, step: step,
                seed: definition.configuration.seed, measures: measures),
            vector: ExpertVector(layout: definition.layout, values: values))
    }
}
