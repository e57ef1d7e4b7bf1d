import GRDB

/// The tables of `run.sqlite`. A released migration never changes; a new schema is a further migration.
///
/// `step` counts the updates behind the z under which a row came about: step 0 works under the start value. A row of `steps`
/// is an update itself, so that its first is step 1, made of the units of step 0.
enum RunSchema {
    /// Schemas of before the first release, which nothing reads any more.
    static let abandoned: Set<String> = ["1", "2"]

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("3") { database in
            try database.create(table: "run") { table in
                table.primaryKey("id", .integer)
                for column in ["name", "configuration", "modelDigest", "tokenizerDigest", "dataDigest"] {
                    table.column(column, .text).notNull()
                }
            }
            try database.create(table: "units") { table in
                unitColumns(table)
                table.column("problems", .text).notNull()
                table.column("leases", .integer).notNull()
                table.column("secondCopies", .integer).notNull()
                table.column("failures", .text).notNull()
                table.column("isAccepted", .boolean).notNull()
                table.primaryKey(["step", "phase", "unit"])
            }
            try database.create(table: "results") { table in
                unitColumns(table)
                table.column("worker", .text).notNull()
                table.column("attempt", .integer).notNull()
                table.column("acceptedAt", .datetime).notNull()
                table.column("summary", .text).notNull()
                for column in ["gradient", "tokens", "logProbabilities"] { table.column(column, .blob) }
                table.primaryKey(["step", "phase", "unit"])
            }
            try database.create(table: "rollouts") { table in
                unitColumns(table)
                table.column("place", .integer).notNull()
                table.column("problem", .text).notNull()
                table.column("problemNumber", .integer).notNull()
                table.column("sample", .integer).notNull()
                table.column("prompt", .text).notNull()
                table.column("completion", .text).notNull()
                table.column("tokens", .integer).notNull()
                table.column("isFinished", .boolean).notNull()
                table.column("outcome", .text).notNull()
                table.column("reward", .double).notNull()
                table.column("advantage", .double).notNull()
                table.column("logProbability", .double).notNull()
                table.column("worker", .text).notNull()
                table.primaryKey(["step", "phase", "unit", "place"])
            }
            try database.create(table: "steps") { table in
                table.primaryKey("step", .integer)
                integers(
                    table, "sequences", "equalRewardGroups", "workers", "units", "unitsHandedOutTwice",
                    "right", "wrong", "noAnswer", "cutOff", "failures")
                table.column("missing", .text).notNull()
                reals(
                    table, "rewardMean", "accuracy", "unfinishedShare", "policyLoss", "kl",
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

    private static func integers(_ table: TableDefinition, _ names: String...) {
        for name in names { table.column(name, .integer).notNull() }
    }

    private static func reals(_ table: TableDefinition, _ names: String...) {
        for name in names { table.column(name, .double).notNull() }
    }
}
