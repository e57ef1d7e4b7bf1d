import Foundation
import T2Coordinator
import T2Core
import T2Learning
import T2Transport
import Testing

struct JournalTests {
    static func journal(_ folder: TestRun.Folder, _ configuration: RunConfiguration, resume: Bool) throws -> RunJournal
    {
        try RunJournal(
            definition: TestRun.definition(configuration), folder: RunFolder(path: folder.run, resume: resume),
            console: { _ in })
    }

    @Test("resuming with another configuration is refused, naming every key that differs")
    func otherConfiguration() async throws {
        let folder = try TestRun.Folder()
        let first = try Self.journal(folder, TestRun.configuration(), resume: false)
        _ = try await first.restore()
        try await first.close()
        var changed = TestRun.configuration()
        changed.learningRate = 0.5
        changed.seed = 9
        let second = try Self.journal(folder, changed, resume: true)
        let error = await #expect(throws: InputError.self) { _ = try await second.restore() }
        try await second.close()
        #expect(error?.description.contains("learning-rate was 0.01") == true)
        #expect(error?.description.contains("seed was 0, is 9") == true)
        #expect(error?.exitStatus == .configuration)
    }

    @Test("a base model that moved is the same run; the paths may differ")
    func movedModel() async throws {
        let folder = try TestRun.Folder()
        let first = try Self.journal(folder, TestRun.configuration(), resume: false)
        _ = try await first.restore()
        try await first.close()
        var moved = TestRun.configuration()
        moved.model = "/elsewhere/small"
        moved.data = "/elsewhere/data"
        let second = try Self.journal(folder, moved, resume: true)
        #expect(try await second.restore().checkpoint.step == 0)
        try await second.close()
    }

    @Test("other problems are another run")
    func otherData() async throws {
        let folder = try TestRun.Folder()
        let first = try Self.journal(folder, TestRun.configuration(), resume: false)
        _ = try await first.restore()
        try await first.close()
        let definition = TestRun.definition()
        let other = RunDefinition(
            name: "run", configuration: definition.configuration, model: definition.model,
            modelDigest: definition.modelDigest,
            tokenizerDigest: definition.tokenizerDigest, parameterisation: definition.parameterisation,
            training: TestRun.problems("changed", 11), validation: definition.validation)
        let second = try RunJournal(
            definition: other, folder: RunFolder(path: folder.run, resume: true), console: { _ in })
        let error = await #expect(throws: CoordinatorError.self) { _ = try await second.restore() }
        #expect(error?.description.contains("problems") == true)
        try await second.close()
    }

    @Test("a damaged newest checkpoint is left out, said, and the run ends with the same bytes")
    func damagedCheckpoint() async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try await CoordinatorTests.undisturbed()
        let newest = folder.run + "/checkpoints/step-000004.safetensors"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: newest))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: newest))
        let journal = try Self.journal(folder, TestRun.configuration(), resume: true)
        let (checkpoint, damaged) = try await journal.restore()
        try await journal.close()
        #expect(checkpoint.step == 3)
        #expect(damaged.count == 1)
        let network = InMemoryNetwork()
        let (coordinator, second) = try await TestRun.coordinator(folder, network, resume: true)
        let worker = try await ArithmeticWorker("ann", on: network)
        _ = try await CoordinatorTests.run(coordinator, [worker])
        try await second.close()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
    }

    @Test("the last two checkpoints and the best are kept, and gradients no longer than needed")
    func kept() async throws {
        let folder = try await CoordinatorTests.undisturbed(TestRun.configuration(steps: 9))
        let shelf = CheckpointShelf(folder: folder.run + "/checkpoints")
        let best = try #require(shelf.latest().checkpoint?.earlyStopping.best?.step)
        #expect(Set(shelf.steps()).isSubset(of: [best, 8, 9]))
        #expect(Set(shelf.steps()).isSuperset(of: [8, 9]))
        let store = try RunStore(path: folder.run + "/run.sqlite")
        for step in 0..<9 {
            #expect(try await store.results(step: step, phase: .train).allSatisfy { $0.gradient == nil })
        }
        try store.close()
    }
}
