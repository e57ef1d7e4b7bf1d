import Foundation
import T2Coordinator
import T2Core
import T2Jobs
import T2Formats
import T2Learning
import T2Transport
import Testing

@Suite("A finished run, resumed")
struct FinishedRunTests {
    /// All that a run folder holds: what its files come to, and every row of its database.
    struct Content: Equatable {
        var files: [String: Digest] = [:]
        let job: JobRecord?
        let steps: [StepMetrics]
        let evaluations: [EvaluationMetrics]
        var units: [UnitRecord] = []
        var completions: [CompletionRecord] = []

        init(_ folder: TestRun.Folder) async throws {
            let names = try FileManager.default.subpathsOfDirectory(atPath: folder.run).filter {
                $0.hasSuffix(".safetensors") || $0 == "metrics.jsonl" || $0 == "train.log"
            }
            for name in names {
                files[name] = try MappedFile(path: folder.run + "/" + name).withBytes { Digest(of: $0) }
            }
            let store = try RunStore(path: folder.run + "/run.sqlite")
            job = try store.job()
            steps = try store.steps()
            evaluations = try store.evaluations()
            for step in 0...40 {
                units += try store.units(step: step)
            }
            completions = try store.completions(CompletionRecord.Selection(), limit: 100_000)
            try store.close()
        }
    }

    static func resume(_ folder: TestRun.Folder, _ configuration: RunConfiguration) async throws
        -> TestCoordinator.Outcome
    {
        // No worker: there is nothing to compute.
        let (coordinator, journal) = try await TestRun.coordinator(
            folder, InMemoryNetwork(), resume: true, configuration: configuration)
        let outcome = try await coordinator.run()
        try journal.close()
        return outcome
    }

    @Test("stays as it is, file by file and row by row, and sums up as it did")
    func unchanged() async throws {
        let folder = try TestRun.Folder()
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network)
        let outcome = try await CoordinatorTests.run(coordinator, [try await ArithmeticWorker("ann", on: network)])
        try journal.close()
        let content = try await Content(folder)
        #expect(content.files.count >= 6)
        #expect(content.evaluations.map(\.step) == [0, 2, 4])
        for _ in 0..<2 {
            #expect(try await Self.resume(folder, TestRun.configuration()) == outcome)
            #expect(try await Content(folder) == content)
        }
    }

    @Test("stays as it is also where the last evaluation was the best")
    func bestAtTheEnd() async throws {
        // Without updates to speak of every evaluation is alike, so that the only one, the last one, is the best.
        var configuration = TestRun.configuration(steps: 1)
        configuration.seed = 5
        configuration.learningRate = 0.5
        let folder = try await CoordinatorTests.undisturbed(configuration)
        let content = try await Content(folder)
        try #require(content.evaluations.last?.isBest == true, "the seed no longer makes the last evaluation the best")
        _ = try await Self.resume(folder, configuration)
        #expect(try await Content(folder) == content)
    }

    @Test("stays as it is also where it ended for want of improvement, whatever steps it is given")
    func endedEarly() async throws {
        var configuration = TestRun.configuration(steps: 40)
        configuration.patience = 2
        configuration.evaluateEvery = 1
        configuration.learningRate = 1e-12
        let folder = try await CoordinatorTests.undisturbed(configuration)
        let content = try await Content(folder)
        for steps in [40, 50] {
            configuration.steps = steps
            guard case .finished(let summary) = try await Self.resume(folder, configuration) else {
                Issue.record("expected the run to be finished")
                return
            }
            #expect(summary.endedEarly)
            #expect(summary.steps == content.steps.count)
            #expect(try await Content(folder) == content)
        }
    }

    @Test("goes on when it is given more steps, and comes to the bytes of a run that had them from the start")
    func moreSteps() async throws {
        let expected = try await CoordinatorTests.undisturbed(TestRun.configuration(steps: 8))
        let folder = try await CoordinatorTests.undisturbed(TestRun.configuration(steps: 4))
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(
            folder, network, resume: true, configuration: TestRun.configuration(steps: 8))
        let worker = try await ArithmeticWorker("ann", on: network)
        guard case .finished(let summary) = try await CoordinatorTests.run(coordinator, [worker]) else {
            Issue.record("expected the run to finish")
            return
        }
        try journal.close()
        #expect(summary.steps == 8)
        for name in ["expert-last.safetensors", "expert-best.safetensors", "checkpoints/step-000008.safetensors"] {
            #expect(try folder.bytes(name) == expected.bytes(name), "\(name)")
        }
        let (found, wanted) = (try await Content(folder), try await Content(expected))
        #expect(found.evaluations == wanted.evaluations)
        #expect(found.steps.map(\.step) == Array(1...8))
    }

    @Test("is not given fewer steps than it was started with")
    func fewerSteps() async throws {
        let folder = try await CoordinatorTests.undisturbed(TestRun.configuration(steps: 4))
        let error = await #expect(throws: InputError.self) {
            _ = try await TestRun.coordinator(
                folder, InMemoryNetwork(), resume: true, configuration: TestRun.configuration(steps: 3))
        }
        #expect(error?.description.contains("steps was 4, is 3") == true)
    }
}
