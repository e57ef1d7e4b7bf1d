import Foundation
import GRDB
import T2Coordinator
import T2Core
import T2Jobs
import T2Formats
import T2Transport
import Testing

struct RunStoreTests {
    static func key(_ unit: Int, step: Int = 0, phase: Phase = .train) -> UnitKey {
        UnitKey(run: "run", step: step, phase: phase, index: unit)
    }

    static func accept(_ store: RunStore, _ unit: Int, step: Int = 0, phase: Phase = .train) throws {
        try store.accept([result(unit, step: step, phase: phase)])
    }

    static func result(
        _ unit: Int, step: Int = 0, phase: Phase = .train
    ) -> (result: ResultRecord, completions: [CompletionRecord], unit: UnitRecord) {
        let worker = WorkerIdentifier(name: "ann", incarnation: 1)
        let work = WorkUnit(
            key: key(unit, step: step, phase: phase), seed: 1, problems: TestRun.problems("p", 1),
            problemIndices: [unit], sequences: WorkUnit.Sequence.all(problems: 1), policies: [Policy.baseDigest],
            sampling: Sampling(temperature: 1, maxTokens: 4))
        var completion = Completion(prompt: [5], tokens: [1, 2], logProbabilities: [-1, -0.5], finishReason: .stop)
        completion.problem = "p-0"
        completion.problemIndex = unit
        completion.text = "#### 4"
        completion.reward = .judged(.right)
        completion.advantage = 0.5
        let output = UnitOutput(
            completions: [completion], gradient: phase == .train ? [1.5, -.pi, Float(unit)] : nil)
        return (
            ResultRecord(work.key, output, attempt: 1, worker: worker, acceptedAt: Date(timeIntervalSince1970: 0)),
            [CompletionRecord(completion, index: 0, unit: work.key, prompt: "2+2?", worker: worker)],
            UnitRecord(work)
        )
    }

    static func completions(_ store: RunStore, step: Int, phase: Phase = .train) throws -> [CompletionRecord] {
        var selection = CompletionRecord.Selection()
        (selection.step, selection.phase) = (step, phase)
        return try store.completions(selection, limit: 100)
    }

    static func evaluation(step: Int) throws -> EvaluationMetrics {
        let text = """
            {"step": \(step), "problems": 6, "correct": 2, "accuracy": \(1.0 / 3), "lower": 0.1, "upper": 0.6,
            "noAnswerShare": \(0.1 + 0.2), "completionTokensMean": 3.5, "isBest": \(step == 0), "bestStep": 0,
            "bestAccuracy": 0.5}
            """
        return try JSONDecoder().decode(EvaluationMetrics.self, from: Data(text.utf8))
    }

    @Test("what was accepted is there after the database is opened again, bit for bit")
    func durability() throws {
        let folder = try TestRun.Folder()
        let path = folder.path + "/run.sqlite"
        let store = try RunStore(path: path)
        let job = JobRecord(name: "run", identity: try TestRun.definition().identity())
        try store.begin(job)
        for unit in [2, 0, 1] { try Self.accept(store, unit) }
        // A second connection sees committed data only: what a kill would leave.
        let reopened = try RunStore(path: path)
        #expect(try reopened.job() == job)
        #expect(try reopened.gradient(of: Self.key(2)) == [1.5, -.pi, 2])
        let completion = try #require(try reopened.completions(of: Self.key(1))?.first)
        #expect(completion.tokens == [1, 2] && completion.prompt == [5] && completion.logProbabilities == [-1, -0.5])
        #expect(completion.reward == .judged(.right) && completion.text == "#### 4" && completion.problemIndex == 1)
        let records = try Self.completions(reopened, step: 0)
        #expect(records.map(\.unit) == [0, 1, 2])
        #expect(records[0].prompt == "2+2?" && records[0].logProbability == -1.5)
        try store.close()
        try reopened.close()
    }

    @Test("a database in memory keeps the same, and leaves nothing")
    func inMemory() throws {
        let store = try RunStore()
        try Self.accept(store, 3)
        #expect(try store.gradient(of: Self.key(3)) == [1.5, -.pi, 3])
        #expect(try RunStore().completions(of: Self.key(3)) == nil)
        try store.close()
    }

    @Test("a result counts once: a second one for the same unit is an error and leaves no trace")
    func once() throws {
        let folder = try TestRun.Folder()
        let store = try RunStore(path: folder.path + "/run.sqlite")
        try Self.accept(store, 0)
        #expect(throws: RunStoreError.self) { try Self.accept(store, 0) }
        #expect(try Self.completions(store, step: 0).count == 1)
        try store.close()
    }

    @Test(
        "going back to a step drops later work and results without their gradient, and keeps the rest",
        arguments: [false, true])
    func rewind(keepsEvaluation: Bool) throws {
        let folder = try TestRun.Folder()
        let store = try RunStore(path: folder.path + "/run.sqlite")
        for step in 0...2 {
            try Self.accept(store, 0, step: step)
            try store.record(try RunConsoleTests.metrics(step: step))
            try store.record(try Self.evaluation(step: step))
        }
        try Self.accept(store, 0, step: 1, phase: .validation)
        try store.discardGradients(before: 2)
        #expect(try store.gradient(of: Self.key(0, step: 1)) == nil)
        try store.rewind(to: 1, keepsEvaluation: keepsEvaluation)
        for step in [1, 2] { #expect(try Self.completions(store, step: step).isEmpty) }
        #expect(try Self.completions(store, step: 1, phase: .validation).count == 1)
        #expect(try Self.completions(store, step: 0).count == 1)
        #expect(try store.steps().map(\.step) == [0, 1])
        #expect(try store.evaluations().map(\.step) == (keepsEvaluation ? [0, 1] : [0]))
        try store.close()
    }

    @Test("metrics are columns that come back bit for bit, and a second time replaces the first")
    func metrics() throws {
        let folder = try TestRun.Folder()
        let store = try RunStore(path: folder.path + "/run.sqlite")
        var step = try RunConsoleTests.metrics(step: 3)
        step.learningRate = 0.1 + 0.2
        step.kl = -1e-300
        let evaluation = try Self.evaluation(step: 3)
        for _ in 0..<2 {
            try store.record(step)
            try store.record(evaluation)
        }
        #expect(try store.steps() == [step])
        #expect(try store.evaluations() == [evaluation])
        try store.close()
    }

    @Test("a database of an older t2 is refused with the remedy, not changed")
    func olderSchema() throws {
        let folder = try TestRun.Folder()
        let path = folder.path + "/run.sqlite"
        let database = try DatabaseQueue(path: path)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.create(table: "metrics") { $0.primaryKey("step", .integer) } }
        try migrator.migrate(database)
        let error = #expect(throws: RunStoreError.self) { _ = try RunStore(path: path) }
        #expect(error == .olderSchema(path: path))
        #expect(error?.exitStatus == .data)
        #expect(error?.description.contains("--run-dir") == true)
        #expect(try database.read { try !$0.tableExists("steps") })
        try database.close()
    }

    @Test("a database of schema 3, which the t2 before this one wrote, is refused with the remedy, not changed")
    func schema3() throws {
        let folder = try TestRun.Folder()
        let path = folder.path + "/run.sqlite"
        try Schema3.write(path)
        let before = try Schema3.content(path)
        for migrates in [true, false] {
            #expect(throws: RunStoreError.olderSchema(path: path)) { _ = try RunStore(path: path, migrates: migrates) }
        }
        let error = #expect(throws: RunStoreError.self) {
            let run = try RunFolder(path: folder.path, resume: true)
            _ = try TestRun.journal(TestRun.definition(), run)
        }
        #expect(
            error?.description
                == "\(path): was written by an older t2, whose tables this one does not read. Continue with the t2 that wrote it, "
                + "or start in another --run-dir.")
        #expect(try Schema3.content(path) == before)
    }

    @Test("a database of the t2 before this one is read as it is, and gets what is new when its run goes on")
    func schema4() throws {
        let folder = try TestRun.Folder()
        let path = folder.path + "/run.sqlite"
        let database = try DatabaseQueue(path: path)
        try RunSchema.migrator.migrate(database, upTo: "4")
        let old = try database.read { try $0.columns(in: "completions").map(\.name) }
        #expect(!old.contains("grounds"))
        let record = Self.result(0).completions[0]
        try database.write { database in
            let values = Dictionary(
                uniqueKeysWithValues: try record.databaseDictionary.filter { old.contains($0.key) }.map { ($0, $1) })
            let names = values.keys.sorted()
            try database.execute(
                sql: "INSERT INTO completions (\(names.joined(separator: ", "))) VALUES "
                    + "(\(names.map { _ in "?" }.joined(separator: ", ")))",
                arguments: StatementArguments(names.map { values[$0] }))
        }
        try database.close()
        for migrates in [false, true] {
            let store = try RunStore(path: path, migrates: migrates)
            #expect(try Self.completions(store, step: 0) == [record])
            try store.close()
        }
        let store = try RunStore(path: path)
        var new = Self.result(1)
        new.completions[0].grounds = "found '4'"
        try store.accept([new])
        #expect(try Self.completions(store, step: 0).compactMap(\.grounds) == ["found '4'"])
        try store.close()
    }

    @Test("a database whose creation was interrupted by kill -9 can be read, and holds nothing")
    func interruptedCreation() throws {
        let folder = try TestRun.Folder()
        let path = folder.path + "/run.sqlite"
        let original = folder.path + "/original"
        let database = try DatabaseQueue(path: original)
        try database.inDatabase { database in
            // A cache of one page makes SQLite write to the file before the end of the transaction.
            try database.execute(sql: "PRAGMA cache_size = 1; BEGIN IMMEDIATE; CREATE TABLE job (x)")
            for _ in 0..<50 { try database.execute(sql: "INSERT INTO job VALUES (zeroblob(4000))") }
            for suffix in ["", "-journal"] {
                try FileManager.default.copyItem(atPath: original + suffix, toPath: path + suffix)
            }
            try database.execute(sql: "ROLLBACK")
        }
        try database.close()
        let store = try RunStore(path: path, migrates: false)
        #expect(try store.job() == nil)
        try store.close()
    }

    @Test("a completion comes back as it was stored, whatever the model wrote")
    func sameRecord() throws {
        var completion = Completion(prompt: [5], tokens: [1], logProbabilities: [-1], finishReason: .stop)
        completion.reward = .judged(.wrong)
        completion.text = "a\0b é😀\r\n"
        completion.advantage = -0.0
        let worker = WorkerIdentifier(name: "ann", incarnation: 1)
        let record = CompletionRecord(completion, index: 0, unit: Self.key(0), prompt: "2\0?", worker: worker)
        let (result, _, unit) = Self.result(0)
        let store = try RunStore()
        try store.accept([(result, [record], unit)])
        let found = try #require(try Self.completions(store, step: 0).first)
        #expect(found == record && found.completion == "a\u{FFFD}b é😀\r\n" && found.prompt == "2\u{FFFD}?")
        #expect(found.advantage.sign == record.advantage.sign)
        try store.close()
    }

    @Test("several results are stored together, or none of them")
    func together() throws {
        let store = try RunStore()
        try store.accept([1, 0, 2].map { Self.result($0) })
        #expect(try Self.completions(store, step: 0).map(\.unit) == [0, 1, 2])
        #expect(throws: RunStoreError.self) { try store.accept([3, 1].map { Self.result($0) }) }
        #expect(try Self.completions(store, step: 0).map(\.unit) == [0, 1, 2])
        #expect(try store.gradient(of: Self.key(3)) == nil)
        #expect(try store.units(step: 0).map(\.unit) == [0, 1, 2])
        try store.close()
    }

    @Test("a database of a newer t2 is refused with the remedy")
    func newerSchema() throws {
        let folder = try TestRun.Folder()
        let path = folder.path + "/run.sqlite"
        try RunStore(path: path).close()
        let database = try DatabaseQueue(path: path)
        try database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')") }
        try database.close()
        #expect(throws: RunStoreError.newerSchema(path: path)) { _ = try RunStore(path: path) }
    }

    @Test("a person can ask for the steps in SQL")
    func query() async throws {
        let folder = try await CoordinatorTests.undisturbed()
        let database = try DatabaseQueue(path: folder.run + "/run.sqlite")
        let steps = try await database.read { database in
            try Int.fetchAll(
                database, sql: "SELECT step FROM steps WHERE gradientNorm > 0 AND sequences = 16 ORDER BY step")
        }
        #expect(steps == [1, 2, 3, 4])
        let best = try await database.read { try Int.fetchOne($0, sql: "SELECT max(bestStep) FROM evaluations") }
        let expert = try ExpertFile(path: folder.run + "/expert-best.safetensors")
        #expect(best == expert.description.step)
        try database.close()
    }

    @Test("a file that is no database is refused with the remedy")
    func notADatabase() throws {
        let folder = try TestRun.Folder()
        let path = folder.path + "/run.sqlite"
        try AtomicFile.write(String(repeating: "not a database ", count: 100), to: path)
        let error = #expect(throws: RunStoreError.self) { _ = try RunStore(path: path) }
        #expect(error?.exitStatus == .data)
        #expect(error?.description.contains("damaged") == true)
    }

    @Test("a second coordinator on the same folder is refused, naming the process that holds it")
    func lock() throws {
        let folder = try TestRun.Folder()
        let first = try RunFolder(path: folder.run, resume: false)
        let error = #expect(throws: InputError.self) { _ = try RunFolder(path: folder.run, resume: false) }
        #expect(error?.description.contains("process \(getpid())") == true)
        #expect(error?.exitStatus == .tryAgain)
        withExtendedLifetime(first) {}
    }

    @Test(
        "a path that no folder can have is refused by one error, and nothing is created",
        arguments: [
            ("a\u{FFFD}b", "not UTF-8"), (String(repeating: "n", count: 256), "256 bytes"),
            (String(repeating: "deep/", count: 1_000), "5000 bytes"), ("", "is empty"),
        ])
    func unusablePath(path: String, problem: String) throws {
        let error = #expect(throws: InputError.self) { _ = try RunFolder(path: path, resume: false) }
        #expect(error?.description.contains(problem) == true && error?.exitStatus == .cannotCreate)
        #expect(!FileManager.default.fileExists(atPath: "deep"))
    }

    @Test("an existing run needs --resume, and --resume needs an existing run")
    func existingRun() throws {
        let folder = try TestRun.Folder()
        let missing = #expect(throws: InputError.self) { _ = try RunFolder(path: folder.run, resume: true) }
        #expect(missing?.exitStatus == .noInput)
        try RunStore(path: folder.path + "/run.sqlite").close()
        let existing = #expect(throws: InputError.self) { _ = try RunFolder(path: folder.path, resume: false) }
        #expect(existing?.description.contains("--resume") == true)
    }
}
