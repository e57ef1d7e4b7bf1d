import Foundation
import GRDB
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs
import T2TestSupport
import T2Transport
import Testing

@Suite("A run folder whose database is damaged or incomplete")
struct DamagedJournalTests {
    /// Changes the database of a run folder as no program of ours would.
    private static func change(_ folder: TestRun.Folder, _ sql: String) throws {
        let database = try DatabaseQueue(path: folder.run + "/run.sqlite")
        try database.write { try $0.execute(sql: sql) }
        try database.close()
    }

    private static func resume(_ folder: TestRun.Folder) async throws {
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network, resume: true)
        defer { try? journal.close() }
        _ = try await CoordinatorTests.run(coordinator, [try await ArithmeticWorker("bob", on: network)])
    }

    /// A run that was killed in its second step, when some of the step's units were accepted.
    private static func interrupted() async throws -> TestRun.Folder {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let worker = try await ArithmeticWorker("ann", on: network, behaviour: .vanishing(after: 10))
        let running = Task { try await coordinator.run() }
        try await worker.run()
        running.cancel()
        _ = try? await running.value
        try journal.close()
        return folder
    }

    @Test(
        "is refused if it lacks a step or an evaluation that the checkpoint has seen, and nothing is written",
        arguments: [
            "DELETE FROM steps WHERE step = 2", "DELETE FROM evaluations WHERE step = 0", "DELETE FROM steps",
            "UPDATE evaluations SET accuracy = 'x'",
        ])
    func lostRow(sql: String) async throws {
        let folder = try await CoordinatorTests.undisturbed()
        try Self.change(folder, sql)
        let metrics = try folder.text("metrics.jsonl")
        let error = await #expect(throws: InputError.self) { try await Self.resume(folder) }
        #expect(error?.exitStatus == .data)
        #expect(error?.description.contains("incomplete: the checkpoint is that of step 4") == true, "\(error as Any)")
        #expect(error?.description.contains("run.sqlite-wal") == true)
        #expect(try folder.text("metrics.jsonl") == metrics)
    }

    @Test("is refused if run.sqlite is empty, and the file stays empty, so that a copy can still be restored")
    func emptied() async throws {
        let folder = try await CoordinatorTests.undisturbed()
        try Data().write(to: URL(fileURLWithPath: folder.run + "/run.sqlite"))
        let error = await #expect(throws: InputError.self) { try await Self.resume(folder) }
        #expect(error?.description.contains("lacks 4 rows of its table steps") == true, "\(error as Any)")
        #expect(try folder.bytes("run.sqlite").isEmpty)
    }

    @Test("is refused if run.sqlite was cut, before anything is written", arguments: [0.9, 0.6, 0.3])
    func cut(share: Double) async throws {
        let folder = try await CoordinatorTests.undisturbed()
        let path = folder.run + "/run.sqlite"
        let bytes = try folder.bytes("run.sqlite")
        let part = bytes.prefix(Int(Double(bytes.count) * share))
        try part.write(to: URL(fileURLWithPath: path))
        let error = await #expect(throws: RunStoreError.self) { try await Self.resume(folder) }
        #expect(error?.description.hasPrefix(path) == true, "\(error as Any)")
        #expect(error?.exitStatus == .data)
        #expect(try folder.bytes("run.sqlite") == part)
    }

    @Test("is no fresh folder if run.sqlite is gone", arguments: [false, true])
    func lostDatabase(resume: Bool) async throws {
        let folder = try await CoordinatorTests.undisturbed()
        for name in ["run.sqlite", "run.sqlite-wal", "run.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: folder.run + "/" + name)
        }
        let error = #expect(throws: InputError.self) { _ = try RunFolder(path: folder.run, resume: resume) }
        #expect(error?.description.contains("holds checkpoints but no run.sqlite") == true, "\(error as Any)")
    }

    @Test("has all finished steps in run.sqlite alone while the run is under way")
    func withoutLog() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        _ = try await CoordinatorTests.run(coordinator, [try await ArithmeticWorker("ann", on: network)])
        let copy = folder.path + "/copy.sqlite"
        try FileManager.default.copyItem(atPath: folder.run + "/run.sqlite", toPath: copy)
        try journal.close()
        let store = try RunStore(path: copy)
        #expect(try store.steps().map(\.step) == [1, 2, 3, 4])
        try store.close()
    }

    @Test(
        "is refused by the name of its file, table and row, whatever the row holds",
        arguments: [
            ("UPDATE results SET summary = '{' WHERE step = 1", "table results, step 1"),
            ("UPDATE results SET acceptedAt = 'x' WHERE step = 1", "table results, step 1"),
            (
                "UPDATE results SET gradient = zeroblob(length(gradient)) WHERE step = 1",
                "table results, step 1, unit train/"
            ),
            ("UPDATE results SET tokens = NULL WHERE step = 1", "table results, step 1, unit train/"),
            ("UPDATE completions SET advantage = 0.5 WHERE step = 1", "table results, step 1, unit train/"),
            ("UPDATE steps SET missing = '[' WHERE step = 1", "table steps, step 1"),
            ("UPDATE steps SET policyLoss = 9e999 WHERE step = 1", "table steps, step 1, policyLoss"),
            ("UPDATE job SET identity = 'x'", "table job, id 1"),
            (
                "UPDATE results SET summary = json_set(summary, '$.statistics.missing', "
                    + "json('{\"x\": 9223372036854775807, \"y\": 1}'))", "table results, step 1, unit "
            ),
            (
                "UPDATE results SET summary = json_set(summary, '$.statistics.policyLoss', 1.7e308)",
                "table results, step 1, unit "
            ),
        ])
    func damaged(sql: String, place: String) async throws {
        let folder = try await Self.interrupted()
        try Self.change(folder, sql)
        let error = await #expect(throws: RunStoreError.self) { try await Self.resume(folder) }
        #expect(error?.exitStatus == .data)
        let text = error?.description ?? ""
        #expect(text.contains(folder.run + "/run.sqlite: damaged") && text.contains(place), "\(text)")
        #expect(text.contains("Restore the file"), "\(text)")
    }
}
