import Foundation
import Logging
import T2Coordinator
import T2Core
import T2Learning
import T2Transport

/// A small run with made-up problems: what the coordinator sees of a base model, without one.
enum TestRun {
    static let layout = ExpertLayout(entries: [.init(name: "a.weight", count: 3), .init(name: "b.weight", count: 5)])
    static let modelDigest = Digest(of: "model")
    static let tokenizerDigest = Digest(of: "tokenizer")

    static func configuration(steps: Int = 4) -> RunConfiguration {
        var configuration = RunConfiguration()
        configuration.steps = steps
        configuration.promptsPerStep = 8
        configuration.promptsPerUnit = 2
        configuration.samplesPerPrompt = 2
        configuration.maxTokens = 4
        configuration.evaluateEvery = 2
        configuration.validationProblems = 6
        configuration.model = "/models/small"
        configuration.missingLimit = 0.5
        return configuration
    }

    static func problems(_ prefix: String, _ count: Int) -> [Problem] {
        (0..<count).map {
            Problem(
                id: "\(prefix)-\($0)", topic: "t", prompt: "\(prefix) \($0)?", verification: .number(answer: "\($0)"))
        }
    }

    static func definition(_ configuration: RunConfiguration = configuration(), name: String = "run") -> RunDefinition {
        RunDefinition(
            name: name, configuration: configuration,
            model: ModelConfiguration(
                vocabularySize: 100, hiddenSize: 8, intermediateSize: 8, layerCount: 1, headCount: 1,
                keyValueHeadCount: 1,
                headSize: 8, normEpsilon: 1e-6, ropeTheta: 10_000, contextLength: 64, tiedEmbeddings: true,
                beginningOfSequence: nil, endOfSequence: [0]),
            modelDigest: modelDigest, tokenizerDigest: tokenizerDigest, parameterisation: .direct(layout),
            training: problems("train", 11), validation: problems("valid", 9))
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
    /// - Parameter path: of the run folder, if it is another than the folder's own.
    static func coordinator(
        _ folder: Folder, _ network: InMemoryNetwork, resume: Bool = false,
        configuration: RunConfiguration = configuration(), path: String? = nil,
        policy: LeasePolicy = LeasePolicy()
    ) async throws -> (coordinator: Coordinator, journal: RunJournal) {
        let path = path ?? folder.run
        let journal = try RunJournal(
            definition: definition(configuration, name: RunFolder.name(path: path)),
            folder: RunFolder(path: path, resume: resume), console: { _ in })
        let (checkpoint, _) = try await journal.restore()
        let coordinator = Coordinator(
            definition: await journal.definition, checkpoint: checkpoint, journal: journal,
            transport: await network.listen(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, policy: policy)
        return (coordinator, journal)
    }
}
