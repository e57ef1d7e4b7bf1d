import Foundation
import T2Core
import T2Formats
import T2Learning
import T2TestSupport
import Testing

@Suite("Checkpoint", .serialized)
struct CheckpointTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/step-3.safetensors" }

    init() throws { folder = try TemporaryFolder() }

    /// Values that a careless decimal form would not bring back.
    private func checkpoint(evaluated: Bool = true) throws -> Checkpoint {
        var configuration = RunConfiguration()
        configuration.seed = .max
        configuration.learningRate = 0.1 + Float.ulpOfOne
        configuration.model = "models/ü \"quoted\"/base"
        var stopping = try EarlyStopping(patience: 3)
        var history: [ValidationAccuracy] = []
        if evaluated {
            for (step, accuracy) in [(0, 1.0 / 3), (10, 0.1 + 0.2), (20, 2.0 / 7)] {
                history.append(ValidationAccuracy(step: step, accuracy: accuracy))
                _ = stopping.record(history[history.count - 1])
            }
        }
        var mean = RunningMeanReward()
        mean.add(sum: 0.1 + 0.2, count: 2560)
        let layout = ExpertLayout(entries: [.init(name: "a", count: 2), .init(name: "b", count: 3)])
        var checkpoint = try Checkpoint(configuration, modelDigest: Digest(of: "model"), .direct(layout))
        checkpoint.step = 20
        checkpoint.parameters = [1, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1.0 / 3]
        checkpoint.optimizerState = AdamW.State(
            firstMoment: [1e-30, 2, 3, 4, 0.1], secondMoment: [.leastNormalMagnitude / 3, 0, 0.3, 7, 1e38], steps: 20)
        (checkpoint.runningMeanReward, checkpoint.earlyStopping, checkpoint.history) = (mean, stopping, history)
        checkpoint.bestVector = evaluated ? [1, 2, 3, 4, 5.0000005] : nil
        return checkpoint
    }

    @Test("reads back what was written, bit for bit", arguments: [true, false])
    func roundTrip(evaluated: Bool) throws {
        let written = try checkpoint(evaluated: evaluated)
        try written.write(to: path)
        let read = try Checkpoint(path: path)
        #expect(read == written)
        #expect(read.parameters.map(\.bitPattern) == written.parameters.map(\.bitPattern))
        #expect(read.runningMeanReward.sum.bitPattern == written.runningMeanReward.sum.bitPattern)
        #expect(read.history.map(\.accuracy.bitPattern) == written.history.map(\.accuracy.bitPattern))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try read.write(to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }

    @Test("lets a run go on as if it had never stopped")
    func resume() throws {
        let layout = ExpertLayout(entries: [.init(name: "a", count: 5)])
        let update = try ParameterUpdate(parameterisation: .direct(layout), configuration: RunConfiguration())
        func step(_ checkpoint: inout Checkpoint) throws {
            var random = SeededRandom(seed: 9, step: checkpoint.step)
            let gradient = ExpertVector(layout: layout, values: (0..<5).map { _ in Float(random.nextNormal()) })
            _ = try update.apply(gradient, to: &checkpoint)
        }
        var whole = try Checkpoint(RunConfiguration(), modelDigest: Digest(of: "model"), .direct(layout))
        try step(&whole)
        try whole.write(to: path)
        try step(&whole)
        var restored = try Checkpoint(path: path)
        try step(&restored)
        #expect(restored == whole)
    }

    @Test("finds a single flipped bit, wherever it is")
    func flippedBit() throws {
        try checkpoint().write(to: path)
        let original = try Data(contentsOf: URL(fileURLWithPath: path))
        for position in stride(from: 0, to: original.count, by: 7) {
            var damaged = original
            damaged[position] ^= 0x04
            try damaged.write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: (any Error).self, "byte \(position)") { try Checkpoint(path: self.path) }
            #expect(error is any UserFacingError)
            #expect("\(error.map { "\($0)" } ?? "")".contains(path))
        }
    }

    @Test("refuses a truncated file")
    func truncated() throws {
        try checkpoint().write(to: path)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        try data.prefix(data.count - 4).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: SafetensorsError.self) { try Checkpoint(path: self.path) }
        #expect(error == .truncated(path: path, expected: data.count, found: data.count - 4))
    }

    /// Writes the checkpoint's file again with other tensors or metadata.
    private func rewrite(
        _ change: (inout [SafetensorsWriter.Tensor], inout [String: String]) -> Void
    ) throws {
        try checkpoint().write(to: path)
        let file = try SafetensorsFile(path: path)
        var tensors = try file.tensors.keys.sorted().map {
            SafetensorsWriter.Tensor(
                name: $0, shape: file.tensors[$0]?.shape ?? [], values: try file.floats(of: $0))
        }
        var metadata = file.metadata
        change(&tensors, &metadata)
        try SafetensorsWriter.write(tensors, metadata: metadata, to: path)
    }

    @Test(
        "names a missing tensor",
        arguments: ["parameters", "optimizer.first-moment", "optimizer.second-moment", "best-vector"])
    func missing(name: String) throws {
        try rewrite { tensors, _ in tensors.removeAll { $0.name == name } }
        let error = #expect(throws: SafetensorsError.self) { try Checkpoint(path: self.path) }
        #expect(error == .missingTensor(path: path, name: name))
    }

    @Test("names a tensor of the wrong size")
    func wrongSize() throws {
        try rewrite { tensors, _ in
            tensors.removeAll { $0.name == "parameters" }
            tensors.append(.init(name: "parameters", shape: [4], values: [1, 2, 3, 4]))
        }
        let error = #expect(throws: SafetensorsError.self) { try Checkpoint(path: self.path) }
        #expect(error == .unexpectedShape(path: path, name: "parameters", expected: [5], found: [4]))
    }

    @Test("refuses a file that is no checkpoint, or of another format")
    func format() throws {
        try rewrite { _, metadata in metadata["format"] = "t2-checkpoint/9" }
        var error = #expect(throws: InputError.self) { try Checkpoint(path: self.path) }
        #expect(error?.description.contains("'t2-checkpoint/9', this program reads 't2-checkpoint/1'") == true)
        try rewrite { _, metadata in metadata = ["format": "t2-expert/1"] }
        error = #expect(throws: InputError.self) { try Checkpoint(path: self.path) }
        #expect(error?.description.contains("is not a checkpoint") == true)
    }

    @Test("refuses another run's configuration, listing every key with both values")
    func anotherRun() throws {
        let saved = try checkpoint()
        try saved.requireSameRun(as: saved.configuration, modelDigest: saved.modelDigest, location: path)
        var other = saved.configuration
        other.steps = 99
        other.klCoefficient = 0.25
        let error = #expect(throws: InputError.self) {
            try saved.requireSameRun(as: other, modelDigest: saved.modelDigest, location: self.path)
        }
        #expect(error?.description.contains("kl-coefficient was 0, is 0.25; steps was 30, is 99.") == true)
        #expect(error?.exitStatus == .configuration)
    }

    @Test("refuses another base model")
    func anotherModel() throws {
        let saved = try checkpoint()
        let error = #expect(throws: InputError.self) {
            try saved.requireSameRun(as: saved.configuration, modelDigest: Digest(of: "other"), location: self.path)
        }
        #expect(error?.description.contains(Digest(of: "model").short) == true)
        #expect(error?.description.contains(Digest(of: "other").short) == true)
    }
}
