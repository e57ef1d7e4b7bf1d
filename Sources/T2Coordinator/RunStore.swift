import Foundation
import GRDB
import T2Core
import T2Transport

/// The run's database, `run.sqlite`: everything that was accepted, durable before anybody is told so.
///
/// Invariants:
/// - a method that returns has committed and flushed (write-ahead log, `synchronous = FULL`);
/// - one result per (step, phase, unit);
/// - a result keeps its gradient and its tokens until `discardGradients` is called, after the step's checkpoint is durable.
package struct RunStore: Sendable {
    private let database: DatabaseQueue
    package let path: String

    /// Opens or makes the database and brings it to this program's schema.
    ///
    /// - Parameter migrates: false to look into one that may be empty, and to leave it as it is.
    /// - Throws: `RunStoreError`.
    package init(path: String, migrates: Bool = true) throws {
        self.path = path
        var configuration = Configuration()
        configuration.readonly = !migrates
        if migrates { configuration.journalMode = .wal }
        // A person who looks into the database with another program must not end the run.
        configuration.busyMode = .timeout(10)
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            // WAL mode sets NORMAL, which may lose the last transactions at a power cut.
            if migrates { try database.inDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") } }
            let migrator = RunSchema.migrator
            let (isOlder, isNewer) = try database.read { database in
                let applied = try migrator.appliedIdentifiers(database)
                return (!applied.isDisjoint(with: RunSchema.abandoned), try migrator.hasBeenSuperseded(database))
            }
            guard !isOlder else { throw RunStoreError.olderSchema(path: path) }
            guard !isNewer else { throw RunStoreError.newerSchema(path: path) }
            if migrates { try migrator.migrate(database) }
        } catch let error as DatabaseError {
            throw RunStoreError(error, path: path, operation: "open it")
        }
    }

    package func close() throws {
        do { try database.close() } catch let error as DatabaseError {
            throw RunStoreError(error, path: path, operation: "close it")
        }
    }

    /// What the run was started with; nil in a new database.
    package func identity() async throws -> RunIdentity? {
        try await read("read the run") { database in
            try database.tableExists(RunIdentity.databaseTableName) ? RunIdentity.fetchOne(database) : nil
        }
    }

    package func begin(_ identity: RunIdentity) async throws {
        try await write("store the run") { try identity.insert($0) }
    }

    /// Notes that the run goes on with more steps.
    package func update(_ identity: RunIdentity) async throws {
        try await write("store the run") { try identity.update($0) }
    }

    /// Notes the units of a step; those known already keep their state.
    package func open(_ units: [UnitRecord]) async throws {
        try await write("store the step's units") { database in
            for unit in units { try unit.insert(database, onConflict: .ignore) }
        }
    }

    /// Stores an accepted result with its rollouts, all or nothing.
    package func accept(_ result: ResultRecord, _ rollouts: [RolloutRecord], unit: UnitRecord) async throws {
        try await write("store the result of unit \(result.phase)/\(result.unit)") { database in
            try result.insert(database)
            for rollout in rollouts { try rollout.insert(database) }
            try unit.upsert(database)
        }
    }

    /// The results of a step and phase in unit order.
    package func results(step: Int, phase: Phase) async throws -> [ResultRecord] {
        try await read("read the results of step \(step)") { database in
            try ResultRecord.filter(Column("step") == step && Column("phase") == phase.rawValue).order(Column("unit"))
                .fetchAll(database)
        }
    }

    package func units(step: Int) async throws -> [UnitRecord] {
        try await read("read the units of step \(step)") { database in
            try UnitRecord.filter(Column("step") == step).order(Column("phase"), Column("unit")).fetchAll(database)
        }
    }

    package func rollouts(step: Int, phase: Phase) async throws -> [RolloutRecord] {
        try await read("read the rollouts of step \(step)") { database in
            try RolloutRecord.filter(Column("step") == step && Column("phase") == phase.rawValue)
                .order(Column("unit"), Column("place")).fetchAll(database)
        }
    }

    /// Notes a failed attempt at a unit that is open; what is accepted later says it all again.
    func add(_ failure: UnitFailure, to key: UnitKey) async throws {
        try await write("store a failure of unit \(key.phase.rawValue)/\(key.index)") { database in
            let row = Column("step") == key.step && Column("phase") == key.phase.rawValue && Column("unit") == key.index
            guard var unit = try UnitRecord.filter(row).fetchOne(database) else { return }
            unit.failures.append(failure)
            try unit.update(database)
        }
    }

    /// Every unit that failed at least once.
    func failedUnits() async throws -> [UnitRecord] {
        try await read("read the units") { database in
            guard try database.tableExists(UnitRecord.databaseTableName) else { return [] }
            return try UnitRecord.filter(Column("failures") != "[]").fetchAll(database)
        }
    }

    /// Every accepted result.
    func results() async throws -> [ResultRecord] {
        try await read("read the results") { database in
            guard try database.tableExists(ResultRecord.databaseTableName) else { return [] }
            return try ResultRecord.fetchAll(database)
        }
    }

    /// Sampled completions, the newest step first.
    package func rollouts(_ selection: RolloutSelection, limit: Int) async throws -> [RolloutRecord] {
        try await read("read the rollouts") { database in
            // A run that has just begun.
            guard try database.tableExists(RolloutRecord.databaseTableName) else { return [] }
            var request = RolloutRecord.order(
                Column("step").desc, Column("phase"), Column("unit"), Column("place"))
            if let step = selection.step { request = request.filter(Column("step") == step) }
            if let phase = selection.phase {
                request = request.filter(Column("phase") == phase.rawValue)
            } else {
                // What is asked or scored there is not judged.
                let unjudged = [Phase.classification, .references].map(\.rawValue)
                request = request.filter(!unjudged.contains(Column("phase")))
            }
            if let problem = selection.problem { request = request.filter(Column("problem") == problem) }
            if !selection.outcomes.isEmpty {
                request = request.filter(selection.outcomes.map(\.rawValue).contains(Column("outcome")))
            }
            return try request.limit(limit).fetchAll(database)
        }
    }

    /// Stores a step's metrics; a second time replaces the first.
    package func record(_ metrics: StepMetrics) async throws {
        try await write("store the metrics of step \(metrics.step)") { try metrics.upsert($0) }
    }

    /// Stores an evaluation's metrics; a second time replaces the first.
    package func record(_ metrics: EvaluationMetrics) async throws {
        try await write("store the evaluation at step \(metrics.step)") { try metrics.upsert($0) }
    }

    package func steps() async throws -> [StepMetrics] {
        try await read("read the steps") { try StepMetrics.order(Column("step")).fetchAll($0) }
    }

    package func evaluations() async throws -> [EvaluationMetrics] {
        try await read("read the evaluations") { try EvaluationMetrics.order(Column("step")).fetchAll($0) }
    }

    /// Frees the gradients and tokens of all steps before this one.
    package func discardGradients(before step: Int) async throws {
        try await write("free the gradients before step \(step)") { database in
            try database.execute(
                sql: """
                    UPDATE results SET gradient = NULL, tokens = NULL, logProbabilities = NULL
                    WHERE step < ? AND tokens IS NOT NULL
                    """, arguments: [step])
        }
    }

    /// Takes the run back to the start of a step: later work goes, and so do results of the step that lost their gradient.
    ///
    /// - Parameter keepsEvaluation: the step's evaluation counts already.
    package func rewind(to step: Int, keepsEvaluation: Bool) async throws {
        try await write("go back to step \(step)") { database in
            for table in ["units", "results", "rollouts", "steps", "evaluations"] {
                try database.execute(sql: "DELETE FROM \(table) WHERE step > ?", arguments: [step])
            }
            let lost = "SELECT unit FROM results WHERE step = :step AND phase = :phase AND gradient IS NULL"
            for table in ["rollouts", "results"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE step = :step AND phase = :phase AND unit IN (\(lost))",
                    arguments: ["step": step, "phase": Phase.train.rawValue])
            }
            guard !keepsEvaluation else { return }
            try database.execute(sql: "DELETE FROM evaluations WHERE step = ?", arguments: [step])
        }
    }

    private func read<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do { return try await database.read(body) } catch let error as DatabaseError {
            throw RunStoreError(error, path: path, operation: operation)
        }
    }

    private func write(_ operation: String, _ body: @escaping @Sendable (Database) throws -> Void) async throws {
        do { try await database.write(body) } catch let error as DatabaseError {
            throw RunStoreError(error, path: path, operation: operation)
        }
    }
}
