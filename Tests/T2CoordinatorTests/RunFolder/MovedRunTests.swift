import Foundation
import T2Coordinator
import T2Core
import T2Transport
import Testing

@Suite("A run folder of another name")
struct MovedRunTests {
    @Test("makes the same bytes: no random number depends on it")
    func otherName() async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let path = folder.path + "/quite another name"
        let (coordinator, journal) = try await TestRun.coordinator(folder, network, path: path)
        _ = try await CoordinatorTests.run(coordinator, [try await ArithmeticWorker("ann", on: network)])
        try journal.close()
        for name in ["expert-last.safetensors", "expert-best.safetensors", "checkpoints/step-000004.safetensors"] {
            #expect(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) == expected.bytes(name), "\(name)")
        }
    }

    @Test("writes nothing into the folder that took its place, and names both places", arguments: [true, false])
    func replaced(isDeleted: Bool) async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let moved = folder.path + "/moved"
        if isDeleted {
            try FileManager.default.removeItem(atPath: folder.run)
        } else {
            try FileManager.default.moveItem(atPath: folder.run, toPath: moved)
        }
        let (_, other) = try await TestRun.coordinator(folder, InMemoryNetwork())
        try other.close()
        func content() throws -> [String: Data] {
            let names = try FileManager.default.subpathsOfDirectory(atPath: folder.run)
            return Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, (try? Data(contentsOf: URL(fileURLWithPath: folder.run + "/" + $0))) ?? Data())
                })
        }
        let before = try content()
        let worker = try await ArithmeticWorker("ann", on: network)
        let error = await #expect(throws: InputError.self) { _ = try await CoordinatorTests.run(coordinator, [worker]) }
        try? journal.close()
        let text = error?.description ?? ""
        #expect(text.hasPrefix(folder.run + ": the run's folder was \(isDeleted ? "deleted" : "moved to ")"), "\(text)")
        #expect(isDeleted || text.contains("--run-dir \(moved)"), "\(text)")
        #expect(try content() == before)
    }

    @Test("is resumed under the name that the run was started with, to the same bytes")
    func renamed() async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        do {
            let (coordinator, journal) = try await TestRun.coordinator(folder, network)
            let worker = try await ArithmeticWorker("ann", on: network, behaviour: .vanishing(after: 12))
            let running = Task { try await coordinator.run() }
            try await worker.run()
            running.cancel()
            _ = try? await running.value
            try journal.close()
        }
        let path = folder.path + "/run-20260101"
        try FileManager.default.moveItem(atPath: folder.run, toPath: path)
        let (coordinator, journal) = try await TestRun.coordinator(folder, network, resume: true, path: path)
        #expect(journal.name == "run")
        let worker = try await ArithmeticWorker("ann", incarnation: 2, on: network)
        _ = try await CoordinatorTests.run(coordinator, [worker])
        try journal.close()
        for name in ["expert-last.safetensors", "expert-best.safetensors"] {
            #expect(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) == expected.bytes(name), "\(name)")
        }
    }
}
