import Foundation
import Logging
import T2Coordinator
import T2Core
import T2Jobs
import T2Learning
import T2TestSupport
import T2Transport

/// A small run with made-up problems: what the coordinator sees of a base model, without one.
enum TestRun {
    static let layout = TestTraining.layout
    static let start = Policy.svf(ExpertVector(layout: layout, repeating: 1))
    static let model = TestTraining.model
    static let modelDigest = model.digest
    static let tokenizerDigest = model.tokenizerDigest

    static func configuration(steps: Int = 4) -> RunConfiguration {
        var configuration = TestTraining.configuration(steps: steps)
        configuration.missingLimit = 0.5
        return configuration
    }

    static func problems(_ prefix: String, _ count: Int) -> [Problem] { TestTraining.problems(prefix, count) }

    static func definition(
        _ configuration: RunConfiguration = configuration(), name: String = "run",
        training: [Problem] = problems("train", 11)
    ) -> TrainingDefinition {
        TestTraining.definition(configuration, name: name, training: training)
    }

    static func journal(_ definition: TrainingDefinition, _ folder: RunFolder) throws -> RunJournal {
        try RunJournal(TrainingJob(definition, from: try definition.start()), folder: folder)
    }

    /// A folder that is removed with the object.
    final class Folder: Sendable {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.path + "/t2-coordinator-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var run: String { path + "/run" }

        func text(_ name: String) throws -> String { try String(contentsOfFile: "\(run)/\(name)", encoding: .utf8) }

        func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(run)/\(name)")) }
    }

    /// Starts, or goes on with, a run over this network.
    ///
    /// - Parameter path: the run folder, if it is another than the folder's own.
    static func coordinator(
        _ folder: Folder, _ network: InMemoryNetwork, resume: Bool = false,
        configuration: RunConfiguration = configuration(), path: String? = nil,
        limits: Dispatcher.Limits = Dispatcher.Limits()
    ) async throws -> (coordinator: TestCoordinator, journal: RunJournal) {
        let path = path ?? folder.run
        let runFolder = try RunFolder(path: path, resume: resume)
        let definition = definition(configuration, name: RunFolder.name(path: path))
        let journal = try journal(definition, runFolder)
        let recorder = try TrainingRecorder(definition, journal: journal, folder: runFolder, console: { _ in })
        let dispatcher = Dispatcher(
            model: model, transport: await network.listen(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, limits: limits)
        let job = try await recorder.restore().job
        return (TestCoordinator(job: job, journal: journal, recorder: recorder, dispatcher: dispatcher), journal)
    }
}

/// What `t2-coord start` does with a run that is ready.
struct TestCoordinator: Sendable {
    enum Outcome: Equatable {
        case finished(RunSummary)
        case interrupted(step: Int)
    }

    let job: TrainingJob
    let journal: RunJournal
    let recorder: TrainingRecorder
    let dispatcher: Dispatcher

    func run() async throws -> Outcome {
        guard !job.definition.isFinished(job.checkpoint) else {
            return .finished(try await recorder.summary(of: job.checkpoint))
        }
        try await recorder.saveLast(job)
        let ending = try await dispatcher.serve {
            try await JobRun<TrainingJob>(journal, dispatcher).run(job) { event, job, timing in
                try await recorder.record(event, job, timing)
            }
        }
        switch ending {
        case .finished(let job):
            try await recorder.finish(job)
            return .finished(try await recorder.summary(of: job.checkpoint))
        case .stopped(let job, _): return .interrupted(step: job.checkpoint.step)
        }
    }

    func stop() async { await dispatcher.stop() }
}
