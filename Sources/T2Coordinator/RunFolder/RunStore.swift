import Foundation
import GRDB
import T2Core
import T2Jobs
import T2Transport

/// A job's database, `run.sqlite` or in memory: all accepted results, durable before they are acknowledged.
///
/// Invariants:
/// - a write is committed and flushed when its method returns (write-ahead log, `synchronous = FULL`);
/// - one result per (step, phase, unit);
/// - a result keeps its gradient and its tokens until `discardGradients` is called, after the step's checkpoint is durable.
package struct RunStore: Sendable {
    private let database: DatabaseQueue
    package let path: String

    /// Creates a database in memory.
    package init() throws {
        path = "memory"
        database = try RunStoreError.explaining("create a database", path) {
            let database = try DatabaseQueue()
            try RunSchema.migrator.migrate(database)
            return database
        }
    }

    /// Opens or creates the database and migrates it to this program's schema.
    ///
    /// - Parameter migrates: false opens it for reading and leaves it unchanged; it may be empty.
    /// - Throws: `RunStoreError`.
    package init(path: String, migrates: Bool = true) throws {
        self.path = path
        var configuration = Configuration()
        // SQLite must roll back the creation of a database that was interrupted, even to read it.
        configuration.readonly = !migrates && !FileManager.default.fileExists(atPath: path + "-journal")
        if migrates { configuration.journalMode = .wal }
        // Another program that reads the database must not end the run.
        configuration.busyMode = .timeout(10)
        OpenFiles.awaitRoom()
        database = try RunStoreError.explaining("open it", path) {
            // SQLite would read a relative path such as file:runs as an address.
            let file = path.hasPrefix("/") ? path : "./" + path
            let database = try DatabaseQueue(path: file, configuration: configuration)
            if migrates { try database.inDatabase { try $0.execute(sql: Self.settings) } }
            let migrator = RunSchema.migrator
            let (isOlder, isNewer) = try database.read { database in
                let applied = try migrator.appliedIdentifiers(database)
                return (!applied.isDisjoint(with: RunSchema.abandoned), try migrator.hasBeenSuperseded(database))
            }
            guard !isOlder else { throw RunStoreError.olderSchema(path: path) }
            guard !isNewer else { throw RunStoreError.newerSchema(path: path) }
            if migrates { try migrator.migrate(database) }
            return database
        }
    }

    /// - `synchronous`: WAL mode sets NORMAL, which may lose the last transactions in a power failure.
    /// - `secure_delete`: Debian's SQLite would write zeros over every gradient that is discarded.
    /// - `wal_autocheckpoint`, in pages of 4 KiB: the log is moved after each step, and before that only if it is large.
    private static let settings = """
        PRAGMA synchronous = FULL;
        PRAGMA secure_delete = OFF;
        PRAGMA wal_autocheckpoint = 16384;
        """

    package func close() throws { try RunStoreError.explaining("close it", path) { try database.close() } }

    /// The job of the database; nil in a new one.
    package func job() throws -> JobRecord? { try rowsIfAny("read the job", JobRecord.all()).first }

    package func begin(_ job: JobRecord) throws { try write("store the job") { try job.insert($0) } }

    // MARK: - Units and their results

    /// Stores the units of a round; existing units keep their state.
    package func open(_ units: [UnitRecord]) throws {
        try write("store the round's units") { database in
            for unit in units { try unit.insert(database, onConflict: .ignore) }
        }
    }

    /// Stores accepted results with their completions in one transaction.
    package func accept(_ results: [(result: ResultRecord, completions: [CompletionRecord], unit: UnitRecord)]) throws {
        let operation = results.map { "\($0.result.phase.rawValue)/\($0.result.unit)" }.joined(separator: ", ")
        try write("store the result of unit \(operation)") { database in
            for (var result, completions, unit) in results {
                result.digest = result.digest(with: completions)
                try result.insert(database)
                for completion in completions { try completion.insert(database) }
                try unit.upsert(database)
            }
        }
    }

    /// Checks the pages of the file.
    ///
    /// - Throws: `RunStoreError` with the first problem that SQLite finds, for example that pages are missing.
    func requireIntact() throws {
        let found = try read("check it") { try String.fetchAll($0, sql: "PRAGMA quick_check(1)") }
        guard found == ["ok"] else {
            let problem = found.joined(separator: " ").split(whereSeparator: \.isNewline).joined(separator: " ")
            throw RunStoreError.damaged(path: path, location: "pages", problem: String(problem.prefix(200)))
        }
    }

    /// The summaries of a round's accepted units.
    func summaries(of round: Round) throws -> [UnitKey: ResultRecord] {
        guard let run = round.units.first?.key.run else { return [:] }
        let ofStep = ResultRecord.summaries.filter(Column("step") == round.step)
        return try rows("read the results of step \(round.step)", ofStep).reduce(into: [:]) { found, result in
            let key = UnitKey(run: run, step: result.step, phase: result.phase, index: result.unit)
            if round.unit(key) != nil { found[key] = result }
        }
    }

    /// Checks that the results of a round are those that were accepted.
    ///
    /// - Throws: `RunStoreError` that names the row of one that differs, because the file was damaged.
    func requireUnchanged(_ round: Round) throws {
        guard let run = round.units.first?.key.run else { return }
        let stored = ResultRecord.filter(Column("step") == round.step && Column("digest") != nil)
        try read("check the results of step \(round.step)") { database in
            for result in try decoded(stored, database) {
                let key = UnitKey(run: run, step: result.step, phase: result.phase, index: result.unit)
                guard round.unit(key) != nil else { continue }
                let completions = try decoded(
                    CompletionRecord.filter(Self.row(key)).order(Column("sequence")), database)
                guard result.digest != result.digest(with: completions) else { continue }
                throw RunStoreError.damaged(
                    path: path, location: "table results, step \(key.step), unit \(key.phase.rawValue)/\(key.index)",
                    problem: "it is not the result that was accepted")
            }
        }
    }

    /// The completions of a unit, in the order of its sequences; nil if it has no result.
    package func completions(of key: UnitKey) throws -> [Completion]? {
        try read("read the completions of unit \(key.phase.rawValue)/\(key.index)") { database in
            guard let result = try decoded(ResultRecord.filter(Self.row(key)), database).first else { return nil }
            let records = try decoded(
                CompletionRecord.filter(Self.row(key)).order(Column("sequence")), database)
            let prompts: [Int32] = result.prompts?.values() ?? []
            let tokens: [Int32] = result.tokens?.values() ?? []
            let logProbabilities: [Float] = result.logProbabilities?.values() ?? []
            let counts = records.flatMap { [$0.promptTokens, $0.tokens] }
            guard counts.allSatisfy((0...MessageLimits.counter).contains),
                result.tokens == nil
                    || (prompts.count, tokens.count, logProbabilities.count)
                        == (
                            records.reduce(0) { $0 + $1.promptTokens }, records.reduce(0) { $0 + $1.tokens },
                            tokens.count
                        )
            else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "its tokens do not match their counts")
            }
            var (prompt, token) = (0, 0)
            return records.map { record in
                defer {
                    prompt += record.promptTokens
                    token += record.tokens
                }
                return record.completion(
                    prompt: Array(prompts.dropFirst(prompt).prefix(record.promptTokens)),
                    tokens: Array(tokens.dropFirst(token).prefix(record.tokens)),
                    logProbabilities: Array(logProbabilities.dropFirst(token).prefix(record.tokens)))
            }
        }
    }

    /// The gradient of a unit; nil if it has none or it was discarded.
    package func gradient(of key: UnitKey) throws -> [Float]? {
        // A step reads those of all its units, so this is one prepared statement outside of a transaction of its own.
        try RunStoreError.explaining("read the gradient of unit \(key.phase.rawValue)/\(key.index)", path) {
            try database.inDatabase { database in
                let statement = try database.cachedStatement(
                    sql: "SELECT gradient FROM results WHERE step = ? AND phase = ? AND unit = ?")
                return try Data.fetchOne(statement, arguments: [key.step, key.phase.rawValue, key.index])?.values()
            }
        }
    }

    /// Deletes the results of units with missing rewards, so that they are computed again.
    func reopenMissing(in round: Round) throws {
        try write("open units again") { database in
            for unit in round.units {
                let missing = CompletionRecord.filter(Self.row(unit.key)).filter(
                    Column("outcome") == CompletionRecord.RewardKind.missing.rawValue)
                guard try missing.fetchCount(database) > 0 else { continue }
                try Self.reopen(unit, in: database)
            }
        }
    }

    /// Deletes the results that a worker sent for a round, so that they are computed again.
    func reopen(_ round: Round, from worker: String) throws -> [UnitKey] {
        let units = try read("read the results of \(worker)") { database in
            try round.units.filter { unit in
                try ResultRecord.filter(Self.row(unit.key)).filter(Column("worker") == worker).fetchCount(database) > 0
            }
        }
        guard !units.isEmpty else { return [] }
        try write("open units again") { database in
            for unit in units { try Self.reopen(unit, in: database) }
        }
        return units.map(\.key)
    }

    private static func reopen(_ unit: WorkUnit, in database: Database) throws {
        try CompletionRecord.filter(row(unit.key)).deleteAll(database)
        try ResultRecord.filter(row(unit.key)).deleteAll(database)
        try UnitRecord(unit).upsert(database)
    }

    package func units(step: Int) throws -> [UnitRecord] {
        try rows(
            "read the units of step \(step)",
            UnitRecord.filter(Column("step") == step).order(Column("phase"), Column("unit")))
    }

    /// Stores a failed attempt at an open unit; accepting the unit later replaces its failures by the full list.
    package func add(_ failure: UnitFailure, to key: UnitKey) throws {
        try write("store a failure of unit \(key.phase.rawValue)/\(key.index)") { database in
            guard var unit = try decoded(UnitRecord.filter(Self.row(key)), database).first else { return }
            unit.failures.append(failure)
            try unit.update(database)
        }
    }

    private static func row(_ key: UnitKey) -> some SQLSpecificExpressible {
        Column("step") == key.step && Column("phase") == key.phase.rawValue && Column("unit") == key.index
    }

    // MARK: - Operations

    /// Every unit that failed at least once.
    func failedUnits() throws -> [UnitRecord] {
        try rowsIfAny("read the units", UnitRecord.filter(Column("failures") != "[]"))
    }

    /// The summaries of all accepted results.
    func summaries() throws -> [ResultRecord] { try rowsIfAny("read the results", ResultRecord.summaries) }

    /// The selected completions, the newest step first.
    package func completions(_ selection: CompletionRecord.Selection, limit: Int) throws -> [CompletionRecord] {
        var request = CompletionRecord.order(Column("step").desc, Column("phase"), Column("unit"), Column("sequence"))
        if let step = selection.step { request = request.filter(Column("step") == step) }
        if let phase = selection.phase { request = request.filter(Column("phase") == phase.rawValue) }
        if let problem = selection.problem { request = request.filter(Column("problem") == problem) }
        if !selection.outcomes.isEmpty {
            request = request.filter(selection.outcomes.map(\.rawValue).contains(Column("outcome")))
        } else if selection.phase == nil {
            request = request.filter(Column("outcome") != CompletionRecord.RewardKind.unjudged.rawValue)
        }
        return try rowsIfAny("read the completions", request.limit(limit))
    }

    // MARK: - Training

    /// Stores a step's metrics, replacing any previous ones.
    package func record(_ metrics: StepMetrics) throws {
        try write("store the metrics of step \(metrics.step)") { try metrics.upsert($0) }
    }

    /// Stores an evaluation's metrics, replacing any previous ones.
    package func record(_ metrics: EvaluationMetrics) throws {
        try write("store the evaluation at step \(metrics.step)") { try metrics.upsert($0) }
    }

    package func steps() throws -> [StepMetrics] {
        try rowsIfAny("read the steps", StepMetrics.order(Column("step")))
    }

    package func evaluations() throws -> [EvaluationMetrics] {
        try rowsIfAny("read the evaluations", EvaluationMetrics.order(Column("step")))
    }

    /// Moves what the write-ahead log holds into the database file, so that a copy of this file alone is complete. It does
    /// nothing while another program does the same.
    func moveLog() throws {
        try RunStoreError.explaining("move the log into it", path) {
            do {
                _ = try database.writeWithoutTransaction { try $0.checkpoint(.passive) }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {}
        }
    }

    /// A step's units of one phase.
    package struct RoundPart: Hashable, Sendable {
        package let step: Int
        package let phase: Phase

        package init(step: Int, phase: Phase) {
            self.step = step
            self.phase = phase
        }
    }

    /// The time at which the last result of each step and phase was accepted.
    package func lastAcceptances() throws -> [RoundPart: Date] {
        try read("read the times of the results") { database in
            let sql = "SELECT step, phase, MAX(acceptedAt) AS last FROM results GROUP BY step, phase"
            return try Row.fetchAll(database, sql: sql).reduce(into: [:]) { times, row in
                guard let phase = Phase(rawValue: row["phase"]) else { return }
                times[RoundPart(step: row["step"], phase: phase)] = row["last"]
            }
        }
    }

    /// Discards the gradients and tokens of all steps before this one.
    package func discardGradients(before step: Int) throws {
        try write("free the gradients before step \(step)") { database in
            try database.execute(
                sql: """
                    UPDATE results
                    SET gradient = NULL, prompts = NULL, tokens = NULL, logProbabilities = NULL, digest = NULL
                    WHERE step < ? AND tokens IS NOT NULL
                    """, arguments: [step])
        }
    }

    /// Rewinds the run to the start of a step: deletes later rows, and the step's training results without a gradient.
    ///
    /// - Parameter keepsEvaluation: whether the checkpoint includes the step's evaluation, which is then kept.
    package func rewind(to step: Int, keepsEvaluation: Bool) throws {
        try write("go back to step \(step)") { database in
            for table in ["units", "results", "completions", "steps", "evaluations"] {
                try database.execute(sql: "DELETE FROM \(table) WHERE step > ?", arguments: [step])
            }
            let lost = "SELECT unit FROM results WHERE step = :step AND phase = :phase AND gradient IS NULL"
            for table in ["completions", "results"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE step = :step AND phase = :phase AND unit IN (\(lost))",
                    arguments: ["step": step, "phase": Phase.train.rawValue])
            }
            guard !keepsEvaluation else { return }
            try database.execute(sql: "DELETE FROM evaluations WHERE step = ?", arguments: [step])
        }
    }

    // MARK: - Access

    private func rows<Record: FetchableRecord & TableRecord>(
        _ operation: String, _ request: QueryInterfaceRequest<Record>
    ) throws -> [Record] {
        try read(operation) { try decoded(request, $0) }
    }

    /// As `rows`; none while a run that has just begun does not have the table yet.
    private func rowsIfAny<Record: FetchableRecord & TableRecord>(
        _ operation: String, _ request: QueryInterfaceRequest<Record>
    ) throws -> [Record] {
        try read(operation) { try $0.tableExists(Record.databaseTableName) ? decoded(request, $0) : [] }
    }

    /// Decodes the rows of a request one by one, so that an error names the row.
    private func decoded<Record: FetchableRecord & TableRecord>(
        _ request: QueryInterfaceRequest<Record>, _ database: Database
    ) throws -> [Record] {
        var records: [Record] = []
        let rows = try Row.fetchCursor(database, request)
        while let row = try rows.next() {
            do { records.append(try Record(row: row)) } catch {
                let names = ["id", "step", "phase", "unit", "sequence"].filter(row.hasColumn)
                let values = names.map { name in
                    let value: DatabaseValue = row[name]
                    return "\(name) \(value.description.prefix(40))"
                }
                throw RunStoreError.damaged(
                    path: path, location: "table \(Record.databaseTableName), " + values.joined(separator: ", "),
                    problem: RunStoreError.problem(error))
            }
        }
        return records
    }

    private func read<Value>(_ operation: String, _ body: (Database) throws -> Value) throws -> Value {
        try RunStoreError.explaining(operation, path) { try database.read(body) }
    }

    private func write(_ operation: String, _ body: (Database) throws -> Void) throws {
        try RunStoreError.explaining(operation, path) { try database.write(body) }
    }
}
