import GRDB
import T2Jobs

/// The tables of `run.sqlite`. A released migration never changes; a new schema is an additional migration.
///
/// `step` is the number of updates before a row's units were computed: step 0 uses the start value. A row of `steps` is itself an
/// update, so that its first is step 1, made from the units of step 0. In a search, `step` counts iterations.
enum RunSchema {
    /// Schemas from before the first release, which are no longer supported.
    static let abandoned: Set<String> = ["1", "2", "3"]

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("4") { database in
            try database.create(table: "job") { table in
                table.primaryKey("id", .integer)
                texts(table, "name", "identity")
            }
            try database.create(table: "units") { table in
                unitColumns(table)
                texts(table, "problems", "failures")
                integers(table, "leases", "secondCopies")
                table.column("isAccepted", .boolean).notNull()
                table.primaryKey(["step", "phase", "unit"])
            }
            try database.create(table: "results") { table in
                unitColumns(table)
                texts(table, "worker", "summary")
                integers(table, "attempt")
                table.column("acceptedAt", .datetime).notNull()
                for column in ["gradient", "prompts", "tokens", "logProbabilities"] { table.column(column, .blob) }
                table.primaryKey(["step", "phase", "unit"])
            }
            try database.create(table: "completions") { table in
                unitColumns(table)
                integers(table, "sequence", "problemIndex", "sample", "policy", "promptTokens", "tokens")
                texts(table, "problem", "prompt", "completion", "finishReason", "outcome", "worker")
                table.column("missing", .text)
                table.column("reward", .double)
                reals(table, "advantage", "logProbability")
                table.primaryKey(["step", "phase", "unit", "sequence"])
            }
            try database.create(table: "steps") { table in
                table.primaryKey("step", .integer)
                integers(
                    table, "sequences", "equalRewardGroups", "workers", "units", "unitsHandedOutTwice",
                    "right", "wrong", "noAnswer", "cutOff", "failures", "completionTokens")
                texts(table, "missing")
                table.column("kl", .double)
                reals(
                    table, "rewardMean", "accuracy", "unfinishedShare", "policyLoss",
                    "gradientNorm", "learningRate", "largestLogProbabilityDifference", "completionTokensMean",
                    "tokensPerSecond", "seconds", "collectSeconds", "updateSeconds", "checkpointSeconds",
                    "samplingSeconds", "rewardSeconds", "gradientSeconds")
            }
            try database.create(table: "evaluations") { table in
                table.primaryKey("step", .integer)
                integers(table, "problems", "correct", "bestStep")
                reals(
                    table, "accuracy", "lower", "upper", "noAnswerShare", "completionTokensMean", "bestAccuracy")
                table.column("isBest", .boolean).notNull()
            }
        }
        return migrator
    }

    private static func unitColumns(_ table: TableDefinition) {
        table.column("step", .integer).notNull()
        table.column("phase", .text).notNull()
        table.column("unit", .integer).notNull()
    }

    private static func texts(_ table: TableDefinition, _ names: String...) {
        for name in names { table.column(name, .text).notNull() }
    }

    private static func integers(_ table: TableDefinition, _ names: String...) {
        for name in names { table.column(name, .integer).notNull() }
    }

    private static func reals(_ table: TableDefinition, _ names: String...) {
        for name in names { table.column(name, .double).notNull() }
    }
}

extension StepMetrics: FetchableRecord, PersistableRecord {
    package static let databaseTableName = "steps"
}

extension EvaluationMetrics: FetchableRecord, PersistableRecord {
    package static let databaseTableName = "evaluations"
}
