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
