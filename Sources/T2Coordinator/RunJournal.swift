import Foundation
import T2Core
import T2Learning
import T2Transport

/// The durable side of a run: database, checkpoints, metrics, expert files, and the lines that a person reads.
///
/// Invariants:
/// - whatever moment the process is killed at, `restore` leads to the same state of the run as never having stopped;
/// - `metrics.jsonl` holds every finished step once, in order: it is written anew from the database at every start.
package actor RunJournal: UnitJournal {
    package nonisolated let folder: RunFolder
    /// Named as the run was at its start, once `restore` has returned: the folder may have another name by now.
    package private(set) var definition: RunDefinition
    private let store: RunStore
    private let shelf: CheckpointShelf
    private let log: LineLog
    private let console: @Sendable (String) -> Void
    private var metrics: LineLog?
    private var missing = MissingRewards(step: 0, sequences: 0)
    /// The evaluations so far.
    private var history: [ValidationAccuracy] = []

    /// - Parameter console: takes each line that is also written to `train.log`.
    package init(definition: RunDefinition, folder: RunFolder, console: @escaping @Sendable (String) -> Void) throws {
        self.definition = definition
        self.folder = folder
        self.console = console
        store = try RunStore(path: folder.databasePath)
        shelf = CheckpointShelf(folder: folder.checkpointsPath)
        log = try LineLog(path: folder.logPath)
    }

    /// Closes the database and lets another coordinator into the folder.
    package func close() throws {
        defer { folder.release() }
        try store.close()
    }

    /// Shows a line and adds it to `train.log`.
    package func say(_ line: String) throws {
        console(line)
        try log.append(line)
    }

    /// The state to go on from: the newest readable checkpoint, or the start. A finished run is left as it is.
    ///
    /// The run may have been given more steps; all else must be as it was.
    /// - Returns: it, and what is wrong with newer checkpoints that had to be left out.
    /// - Throws: `CoordinatorError.otherRun` or `InputError` if the folder's run was started with something else.
    package func restore() async throws -> (checkpoint: Checkpoint, damaged: [String]) {
        let saved = try await SavedRun(store, shelf, folder: folder.path)
        try saved.requireSameRun(as: definition)
        if let identity = saved.identity {
            definition.name = identity.name
        } else {
            try await store.begin(definition.identity)
        }
        var checkpoint = try saved.checkpoint ?? definition.start()
        if saved.checkpoint == nil { try shelf.save(checkpoint) }
        if checkpoint.configuration.steps < definition.configuration.steps, !definition.isFinished(checkpoint) {
            checkpoint.configuration.steps = definition.configuration.steps
            try await store.update(definition.identity)
        }
        try await store.rewind(to: checkpoint.step, keepsEvaluation: checkpoint.isEvaluated)
        try AtomicFile.write(try await metricsText(), to: folder.metricsPath)
        metrics = try LineLog(path: folder.metricsPath)
        return (checkpoint, saved.damaged)
    }

    /// `metrics.jsonl` in full: each step's line, then that of its evaluation.
    private func metricsText() async throws -> String {
        var lines = try await store.steps().map { (step: $0.step, place: 0, line: MetricsLine.step($0)) }
        lines += try await store.evaluations().map { (step: $0.step, place: 1, line: MetricsLine.evaluation($0)) }
        lines.sort { ($0.step, $0.place) < ($1.step, $1.place) }
        return try lines.map { try $0.line.text() + "\n" }.joined()
    }

    func open(_ round: any UnitRound) async throws -> Set<UnitKey> {
        let sequences = round.units.map { unit in
            round.problems(unit).count * (unit.key.phase == .train ? definition.configuration.samplesPerPrompt : 1)
        }
        missing = MissingRewards(step: round.step, sequences: sequences.reduce(0, +))
        return try await store.open(round)
    }

    func accept(
        _ result: UnitResult, unit: WorkUnit, of round: any UnitRound, lease state: LeasedUnit,
        by worker: WorkerIdentifier
    ) async throws {
        try await store.accept(result, unit: unit, of: round, lease: state, by: worker)
        missing.add(result.statistics, unit: unit.key)
        try missing.check(limit: definition.configuration.missingLimit)
    }

    func note(_ failure: UnitFailure, unit: UnitKey) async throws {
        try await store.add(failure, to: unit)
        missing.add(failure, unit: unit)
        try missing.check(limit: definition.configuration.missingLimit)
    }

    func results(step: Int, phase: Phase) async throws -> [ResultRecord] {
        try await store.results(step: step, phase: phase)
    }

    func units(step: Int) async throws -> [UnitRecord] { try await store.units(step: step) }

    /// What an evaluation or a step's training came to.
    func sums(step: Int, phase: Phase) async throws -> UnitSummary {
        try await store.results(step: step, phase: phase).reduce(into: UnitSummary()) { $0.add($1.summary) }
    }

    /// An accepted result with its rollouts; nil once its tokens are gone.
    func unitResult(_ record: ResultRecord) async throws -> UnitResult? {
        let rollouts = try await store.rollouts(step: record.step, phase: record.phase)
        return record.result(run: definition.name, rollouts.filter { $0.unit == record.unit })
    }

    /// What a finished run came to.
    package func summary(of checkpoint: Checkpoint) async throws -> RunSummary {
        func interval(step: Int) async throws -> AccuracyInterval {
            let sums = try await sums(step: step, phase: .validation)
            return AccuracyInterval(correct: sums.right, count: sums.sequences)
        }
        let bestStep = checkpoint.earlyStopping.best?.step ?? 0
        return RunSummary(
            steps: checkpoint.step, endedEarly: checkpoint.step < definition.configuration.steps,
            base: try await interval(step: 0), best: try await interval(step: bestStep), bestStep: bestStep)
    }

    /// Makes an update durable: its metrics, then its checkpoint, and only then the end of its gradients.
    func commit(_ checkpoint: Checkpoint, _ step: StepMetrics, line: String) async throws {
        try await store.record(step)
        try shelf.save(checkpoint)
        try await store.discardGradients(before: checkpoint.step)
        try metrics?.append(try MetricsLine.step(step).text())
        try say(line)
    }

    /// Stores an evaluation, and the expert if it is the best.
    func commit(_ evaluation: EvaluationMetrics, _ checkpoint: Checkpoint) async throws {
        history = checkpoint.history
        try await store.record(evaluation)
        try metrics?.append(try MetricsLine.evaluation(evaluation).text())
        if let best = checkpoint.bestVector, evaluation.isBest {
            try write(
                expert(best, step: evaluation.step, checkpoint.history),
                to: folder.bestExpertPath(definition.configuration.adapter))
        }
        try say(RunConsole.line(evaluation))
    }

    /// Keeps the newest z, and its accuracy if it has been evaluated.
    func saveLast(_ checkpoint: Checkpoint) throws {
        history = checkpoint.history
        let values = definition.parameterisation.vector(checkpoint.parameters).values
        try write(
            expert(values, step: checkpoint.step, checkpoint.history),
            to: folder.lastExpertPath(definition.configuration.adapter))
    }

    /// As an expert file, or as a PEFT folder if it is LoRA's.
    private func write(_ expert: ExpertFile, to path: String) throws {
        guard let layout = definition.parameterisation.lora else { return try expert.write(to: path) }
        let configuration = definition.configuration
        try PEFTFolder(
            configuration: PEFTConfiguration(
                rank: configuration.rank ?? AdapterKind.defaultRank, alpha: Double(configuration.alpha ?? 0),
                targetModules: MatrixKind.allCases.filter { $0.isAdapted(by: configuration.adapt) }.map(\.module),
                baseModel: configuration.model),
            description: expert.description, layout: layout, vector: expert.vector
        ).write(to: path)
    }

    /// The last state of a run, its final evaluation included. The run is finished once the checkpoint is there.
    func finish(_ checkpoint: Checkpoint) throws {
        try saveLast(checkpoint)
        try shelf.save(checkpoint)
    }

    /// An expert with what is known of it.
    private func expert(_ values: [Float], step: Int, _ history: [ValidationAccuracy]) -> ExpertFile {
        var measures: [String: String] = [:]
        func measure(_ name: String, step: Int) {
            guard let evaluation = history.last(where: { $0.step == step }) else { return }
            measures[name] = String(format: "%.4f", evaluation.accuracy)
        }
        measure("validation-accuracy", step: step)
        measure("base-validation-accuracy", step: 0)
        if !measures.isEmpty { measures["validation-problems"] = String(definition.validation.count) }
        return ExpertFile(
            description: .init(
                modelDigest: definition.modelDigest, task: definition.task,
                parameterisation: definition.parameterisation.name, step: step,
                seed: definition.configuration.seed, measures: measures),
            vector: ExpertVector(layout: definition.layout, values: values))
    }

    /// Saves what is known of a failed attempt for replay.
    ///
    /// - Returns: the folder of the evidence.
    func save(_ failure: UnitFailure, lease: Lease, answer: Message?, vector: ExpertVector) throws -> String {
        let policy = expert(vector.values, step: lease.unit.step, history)
        return try Evidence(folder: folder.evidencePath).save(
            UnitEvidence(lease: lease, policy: policy, answer: answer), of: failure)
    }
}
