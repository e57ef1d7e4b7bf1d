import GRDB

/// The tables of `run.sqlite` as they were under schema 3, with a row in some of them.
enum Schema3 {
    static func write(_ path: String) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        let database = try DatabaseQueue(path: path, configuration: configuration)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("3") { try $0.execute(sql: tables) }
        try migrator.migrate(database)
        try database.write { try $0.execute(sql: rows) }
        try database.close()
    }

    /// Its schema and its rows, table by table.
    static func content(_ path: String) throws -> [String] {
        let database = try DatabaseQueue(path: path)
        let content = try database.read { database in
            let schema = try Row.fetchAll(database, sql: "SELECT name, sql FROM sqlite_master ORDER BY name")
            let tables = try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            let rows = try tables.flatMap { try Row.fetchAll(database, sql: "SELECT * FROM \($0)") }
            return (schema + rows).map(\.description)
        }
        try database.close()
        return content
    }

    private static let tables = """
        CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT NOT NULL, configuration TEXT NOT NULL,
            modelDigest TEXT NOT NULL, tokenizerDigest TEXT NOT NULL, dataDigest TEXT NOT NULL);
        CREATE TABLE units (step INTEGER NOT NULL, phase TEXT NOT NULL, unit INTEGER NOT NULL,
            problems TEXT NOT NULL, leases INTEGER NOT NULL, secondCopies INTEGER NOT NULL, failures TEXT NOT NULL,
            isAccepted BOOLEAN NOT NULL, PRIMARY KEY (step, phase, unit));
        CREATE TABLE results (step INTEGER NOT NULL, phase TEXT NOT NULL, unit INTEGER NOT NULL,
            worker TEXT NOT NULL, attempt INTEGER NOT NULL, acceptedAt DATETIME NOT NULL, summary TEXT NOT NULL,
            gradient BLOB, tokens BLOB, logProbabilities BLOB, PRIMARY KEY (step, phase, unit));
        CREATE TABLE rollouts (step INTEGER NOT NULL, phase TEXT NOT NULL, unit INTEGER NOT NULL,
            place INTEGER NOT NULL, problem TEXT NOT NULL, problemNumber INTEGER NOT NULL, sample INTEGER NOT NULL,
            prompt TEXT NOT NULL, completion TEXT NOT NULL, tokens INTEGER NOT NULL, isFinished BOOLEAN NOT NULL,
            outcome TEXT NOT NULL, reward DOUBLE NOT NULL, advantage DOUBLE NOT NULL, logProbability DOUBLE NOT NULL,
            worker TEXT NOT NULL, PRIMARY KEY (step, phase, unit, place));
        CREATE TABLE steps (step INTEGER PRIMARY KEY, sequences INTEGER NOT NULL, equalRewardGroups INTEGER NOT NULL,
            workers INTEGER NOT NULL, units INTEGER NOT NULL, unitsHandedOutTwice INTEGER NOT NULL,
            right INTEGER NOT NULL, wrong INTEGER NOT NULL, noAnswer INTEGER NOT NULL, cutOff INTEGER NOT NULL,
            failures INTEGER NOT NULL, missing TEXT NOT NULL, rewardMean DOUBLE NOT NULL, accuracy DOUBLE NOT NULL,
            unfinishedShare DOUBLE NOT NULL, policyLoss DOUBLE NOT NULL, kl DOUBLE NOT NULL,
            gradientNorm DOUBLE NOT NULL, learningRate DOUBLE NOT NULL,
            largestLogProbabilityDifference DOUBLE NOT NULL, completionTokensMean DOUBLE NOT NULL,
            tokensPerSecond DOUBLE NOT NULL, seconds DOUBLE NOT NULL, collectSeconds DOUBLE NOT NULL,
            updateSeconds DOUBLE NOT NULL, checkpointSeconds DOUBLE NOT NULL, samplingSeconds DOUBLE NOT NULL,
            rewardSeconds DOUBLE NOT NULL, gradientSeconds DOUBLE NOT NULL);
        CREATE TABLE evaluations (step INTEGER PRIMARY KEY, problems INTEGER NOT NULL, correct INTEGER NOT NULL,
            bestStep INTEGER NOT NULL, accuracy DOUBLE NOT NULL, lower DOUBLE NOT NULL, upper DOUBLE NOT NULL,
            noAnswerShare DOUBLE NOT NULL, completionTokensMean DOUBLE NOT NULL, bestAccuracy DOUBLE NOT NULL,
            isBest BOOLEAN NOT NULL);
        """

    private static let rows = """
        INSERT INTO run VALUES (1, 'run', '{}', 'm', 't', 'd');
        INSERT INTO units VALUES (0, 'train', 0, '["p-0"]', 1, 0, '[]', 1);
        INSERT INTO results VALUES (0, 'train', 0, 'ann', 1, '2026-01-01 00:00:00.000', '{}', x'0000803f', x'01000000', x'0000803f');
        INSERT INTO evaluations VALUES (0, 6, 2, 0, 0.5, 0.1, 0.9, 0, 3, 0.5, 1);
        """
}
