import Foundation
import GRDB
import T2Coordinator
import T2Core
import T2Formats
import T2Transport
import Testing

struct RunStoreTests {
    static func result(_ unit: Int, step: Int = 0, phase: Phase = .train) -> (ResultRecord, [RolloutRecord], UnitRecord)
    {
        let key = UnitKey(run: "run", step: step, phase: phase, index: unit)
        let rollout = RolloutReport(
            problem: "p", problemNumber: unit, sample: 0, tokens: [1, 2], logProbabilities: [-1, -0.5],
            completion: "#### 4",
            reward: .judged(.right), advantage: 0.5, finished: true)
        let result = UnitResult(
            unit: key, attempt: 1, epoch: 1, rollouts: [rollout], statistics: UnitStatistics(),
            gradient: phase == .train ? [1.5, -.pi, Float(unit)] : nil)
        let worker = WorkerIdentifier(name: "ann", incarnation: 1)
        return (
            ResultRecord(result, worker: worker, acceptedAt: Date(timeIntervalSince1970: 0)),
            [RolloutRecord(rollout, place: 0, unit: key, prompt: "2+2?", worker: worker)].compactMap(\.self),
            UnitRecord(key: key, problems: ["p"])
        )
    }

    static func evaluation(step: Int) -> EvaluationMetrics {
        EvaluationMetrics(
            step: step, problems: 6, correct: 2, accuracy: 1.0 / 3, lower: 0.1, upper: 0.6, noAnswerShare: 0.1 + 0.2,
            completionTokensMean: 3.5, isBest: step == 0, bestStep: 0, bestAccuracy: 0.5)
    }

    static func accept(_ store: RunStore, _ unit: Int, step: Int = 0, phase: Phase = .train) async throws {
        let (result, rollouts, record) = result(unit, step: step, phase: phase)
        try await store.accept(result, rollouts, unit: record)
    }

    @Test("what was accepted is there after the database is opened again, bit for bit")
    func durability() async throws {
        let folder = try TestRun.Folder()
        let path = folder.path + "/run.sqlite"
        let store = try RunStore(path: path)
        try await store.begin(TestRun.definition().identity)
        for unit in [2, 0, 1] { try await Self.accept(store, unit) }
        // A second connection sees committed data only: what a kill would leave.
        let reopened = try RunStore(path: path)
        let results = try await reopened.results(step: 0, phase: .train)
        #expect(results.map(\.unit) == [0, 1, 2])
        #expect(results[2].gradientValues == [1.5, -.pi, 2])
        #expect(results[0].summary.right == 1)
        #expect(try await reopened.identity() == TestRun.definition().identity)
        let rollouts = try await reopened.rollouts(step: 0, phase: .train)
        #expect(rollouts.count == 3)
        #expect(rollouts[0].prompt == "2+2?")
        #expect(rollouts[0].logProbability == -1.5)
        try store.close()
        try reopened.close()
    }

    @Test("a result counts once: a second one for the same unit is an error and leaves no trace")
    func once() async throws {
        let folder = try TestRun.Folder()
        let store = try RunStore(path: folder.path + "/run.sqlite")
        try await Self.accept(store, 0)
        await #expect(throws: RunStoreError.self) { try await Self.accept(store, 0) }
        #expect(try await store.rollouts(step: 0, phase: .train).count == 1)
        try store.close()
    }

    @Test(
        "going back to a step drops later work and results without their gradient, and keeps the rest",
        arguments: [false, true])
    func rewind(keepsEvaluation: Bool) async throws {
        let folder = try TestRun.Folder()
        let store = try RunStore(path: folder.path + "/run.sqlite")
        for step in 0...2 {
            try await Self.accept(store, 0, step: step)
            try await store.record(try RunConsoleTests.metrics(step: step))
            try await store.record(Self.evaluation(step: step))
        }
        try await Self.accept(store, 0, step: 1, phase: .validation)
        try await store.discardGradients(before: 2)
        #expect(try await store.results(step: 1, phase: .train).first?.gradient == nil)
        try await store.rewind(to: 1, keepsEvaluation: keepsEvaluation)
        #expect(try await store.results(step: 2, phase: .train).isEmpty)
        #expect(try await store.results(step: 1, phase: .train).isEmpty)
        #expect(try await store.rollouts(step: 1, phase: .train).isEmpty)
        #expect(try await store.results(step: 1, phase: .validation).count == 1)
        #expect(try await store.results(step: 0, phase: .train).count == 1)
        #expect(try await store.steps().map(\.step) == [0, 1])
        #expect(try await store.evaluations().map(\.step) == (keepsEvaluation ? [0, 1] : [0]))
        try store.close()
    }

    @Test("metrics are columns that come back bit for bit, and a second time replaces the first")
    func metrics() async throws {
        let folder = try TestRun.Folder()
        let store = try RunStore(path: folder.path + "/run.sqlite")
        var step = try RunConsoleTests.metrics(step: 3)
        step.learningRate = 0.1 + 0.2
        step.kl = -1e-300
        let evaluation = Self.evaluation(step: 3)
        for _ in 0..<2 {
            try await store.record(step)
            try await store.record(evaluation)
        }
        #expect(try await store.steps() == [step])
        #expect(try await store.evaluations() == [evaluation])
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
