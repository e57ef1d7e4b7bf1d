import Foundation
import T2Coordinator
import T2Core
import T2Jobs
import T2Learning
import T2Transport
import Testing

struct TrainingRecorderTests {
    /// A run's state as a start would find it, with what has to be closed.
    static func recorder(
        _ folder: TestRun.Folder, _ definition: TrainingDefinition, resume: Bool
    ) throws -> (recorder: TrainingRecorder, journal: RunJournal) {
        let runFolder = try RunFolder(path: folder.run, resume: resume)
        let journal = try TestRun.journal(definition, runFolder)
        let recorder = try TrainingRecorder(definition, journal: journal, folder: runFolder, console: { _ in })
        return (recorder, journal)
    }

    /// Starts a run and stops before its first step.
    static func start(_ folder: TestRun.Folder) async throws {
        let (recorder, journal) = try recorder(folder, TestRun.definition(), resume: false)
        _ = try await recorder.restore()
        try journal.close()
    }

    @Test("resuming with another configuration is refused, naming every key that differs")
    func otherConfiguration() async throws {
        let folder = try TestRun.Folder()
        try await Self.start(folder)
        var changed = TestRun.configuration()
        changed.learningRate = 0.5
        changed.seed = 9
        let (second, journal) = try Self.recorder(folder, TestRun.definition(changed), resume: true)
        let error = await #expect(throws: InputError.self) { _ = try await second.restore() }
        try journal.close()
        #expect(error?.description.contains("learning-rate was 0.01") == true)
        #expect(error?.description.contains("seed was 0, is 9") == true)
        #expect(error?.exitStatus == .configuration)
    }

    @Test("a base model that moved is the same run; the paths may differ")
    func movedModel() async throws {
        let folder = try TestRun.Folder()
        try await Self.start(folder)
        var moved = TestRun.configuration()
        moved.model = "/elsewhere/small"
        moved.data = "/elsewhere/data"
        let (second, journal) = try Self.recorder(folder, TestRun.definition(moved), resume: true)
        #expect(try await second.restore().job.checkpoint.step == 0)
        try journal.close()
    }

    @Test("other problems are another run")
    func otherData() async throws {
        let folder = try TestRun.Folder()
        try await Self.start(folder)
        let other = TestRun.definition(training: TestRun.problems("changed", 11))
        let error = #expect(throws: InputError.self) { try Self.recorder(folder, other, resume: true) }
        #expect(error?.description.contains("problems") == true)
    }

    @Test("a damaged newest checkpoint is left out, said, and the run ends with the same bytes")
    func damagedCheckpoint() async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try await CoordinatorTests.undisturbed()
        let newest = folder.run + "/checkpoints/step-000004.safetensors"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: newest))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: newest))
        let (recorder, journal) = try Self.recorder(folder, TestRun.definition(), resume: true)
        let (job, damaged) = try await recorder.restore()
        try journal.close()
        #expect(job.checkpoint.step == 3)
        #expect(
            try folder.text("train.log").contains(
                "metrics.jsonl: 2 of 7 lines removed, since the run goes back to step 3"))
        #expect(damaged.count == 1)
        let network = InMemoryNetwork()
        let (coordinator, second) = try await TestRun.coordinator(folder, network, resume: true)
        let worker = try await ArithmeticWorker("ann", on: network)
        _ = try await CoordinatorTests.run(coordinator, [worker])
        try second.close()
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
        for unit in try (0..<9).flatMap({ try store.units(step: $0) }) {
            #expect(
                try store.gradient(of: UnitKey(run: "run", step: unit.step, phase: unit.phase, index: unit.unit)) == nil
            )
        }
        try store.close()
    }
}
