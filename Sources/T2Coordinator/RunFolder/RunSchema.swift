import GRDB
import T2Jobs

/// The tables of `run.sqlite`. A released migration never changes; a new schema is an additional migration.
///
/// `step` is the number of updates before a row's units were computed: step 0 uses the start value. A row of `steps` is itself an
/// update, so that its first is step 1, made from the units of step 0. In a search, `step` counts iterations.
package enum RunSchema {
    /// Schemas from before the first release, which are no longer supported.
    static let abandoned: Set<String> = ["1", "2", "3"]

    package static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("4") { database in
            try database.create(table: "job") { table in
                table.primaryKey("id", .integer)
                columns(table, .text, "name", "identity")
            }
            try database.create(table: "units") { table in
                unitColumns(table)
                columns(table, .text, "problems", "failures")
                columns(table, .integer, "leases", "secondCopies")
                columns(table, .boolean, "isAccepted")
                table.primaryKey(["step", "phase", "unit"])
            }
            try database.create(table: "results") { table in
                unitColumns(table)
                columns(table, .text, "worker", "summary")
                columns(table, .integer, "attempt")
                columns(table, .datetime, "acceptedAt")
                for column in ["gradient", "prompts", "tokens", "logProbabilities"] { table.column(column, .blob) }
                table.primaryKey(["step", "phase", "unit"])
            }
            try database.create(table: "completions") { table in
                unitColumns(table)
                columns(table, .integer, "sequence", "problemIndex", "sample", "policy", "promptTokens", "tokens")
                columns(table, .text, "problem", "prompt", "completion", "finishReason", "outcome", "worker")
                table.column("missing", .text)
                table.column("reward", .double)
                columns(table, .double, "advantage", "logProbability")
                table.primaryKey(["step", "phase", "unit", "sequence"])
            }
            try database.create(table: "steps") { table in
                table.primaryKey("step", .integer)
                columns(
                    table, .integer, "sequences", "equalRewardGroups", "workers", "units", "unitsHandedOutTwice",
                    "right", "wrong", "noAnswer", "cutOff", "failures", "completionTokens")
                columns(table, .text, "missing")
                table.column("kl", .double)
                columns(
                    table, .double, "rewardMean", "accuracy", "unfinishedShare", "policyLoss",
                    "gradientNorm", "learningRate", "largestLogProbabilityDifference", "completionTokensMean",
                    "tokensPerSecond", "seconds", "collectSeconds", "updateSeconds", "checkpointSeconds",
                    "samplingSeconds", "rewardSeconds", "gradientSeconds")
            }
            try database.create(table: "evaluations") { table in
                table.primaryKey("step", .integer)
                columns(table, .integer, "problems", "correct", "bestStep")
                columns(
                    table, .double, "accuracy", "lower", "upper", "noAnswerShare", "completionTokensMean",
                    "bestAccuracy")
                columns(table, .boolean, "isBest")
            }
        }
        migrator.registerMigration("5") { database in
            try database.alter(table: "completions") { table in table.add(column: "grounds", .text) }
            try database.alter(table: "results") { $0.add(column: "digest", .text) }
        }
        return migrator
    }

    private static func unitColumns(_ table: TableDefinition) {
        columns(table, .integer, "step")
        columns(table, .text, "phase")
        columns(table, .integer, "unit")
    }

    private static func columns(_ table: TableDefinition, _ type: Database.ColumnType, _ names: String...) {
        for name in names { table.column(name, type).notNull() }
    }
}

extension StepMetrics: FetchableRecord, PersistableRecord {
    package static let databaseTableName = "steps"
}

extension EvaluationMetrics: FetchableRecord, PersistableRecord {
    package static let databaseTableName = "evaluations"
}
