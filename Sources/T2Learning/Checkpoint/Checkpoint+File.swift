import Foundation
import T2Core
import T2Formats

/// A checkpoint on disk: one safetensors file. Vectors are float32 tensors, everything else is JSON in the metadata, whose
/// numbers are written with as many digits as bring back the same bits. A digest of the vectors stands in the JSON, and one
/// of the JSON beside it, so damage is found before anything is used.
extension Checkpoint {
    package static let format = "t2-checkpoint/1"

    private enum TensorName {
        static let parameters = "parameters"
        static let firstMoment = "optimizer.first-moment"
        static let secondMoment = "optimizer.second-moment"
        static let bestVector = "best-vector"
    }

    private struct Scalars: Codable {
        let configuration: RunConfiguration
        let modelDigest: Digest
        let layout: ExpertLayout
        let vectorDigest: Digest
        let step: Int
        let optimizerSteps: Int
        let runningMeanReward: RunningMeanReward
        let earlyStopping: EarlyStopping
        let history: [ValidationAccuracy]
    }

    /// Writes the file whole or not at all; the same checkpoint gives the same bytes.
    ///
    /// - Throws: `SystemError`; an older file at the path is then untouched.
    package func write(to path: String) throws {
        var vectors = [
            (TensorName.parameters, parameters), (TensorName.firstMoment, optimizerState.firstMoment),
            (TensorName.secondMoment, optimizerState.secondMoment),
        ]
        if let bestVector { vectors.append((TensorName.bestVector, bestVector)) }
        let scalars = try CanonicalJSON.text(
            Scalars(
                configuration: configuration, modelDigest: modelDigest, layout: layout,
                vectorDigest: Self.digest(of: vectors.map(\.1)), step: step, optimizerSteps: optimizerState.steps,
                runningMeanReward: runningMeanReward, earlyStopping: earlyStopping, history: history))
        try SafetensorsWriter.write(
            vectors.map { .init(name: $0.0, shape: [$0.1.count], values: $0.1) },
            metadata: [
                "format": Self.format, "state": scalars, "state-digest": Digest(of: scalars).hexadecimal,
            ], to: path)
    }

    /// Reads back exactly what was written.
    ///
    /// - Throws: `SystemError`, `SafetensorsError` (truncated, missing tensor, wrong size), or `InputError` if it is no
    ///   checkpoint, of another format, or damaged.
    package init(path: String) throws {
        let file = try SafetensorsFile(path: path)
        let state = try Self.checkedState(file)
        let scalars: Scalars
        do {
            scalars = try JSONDecoder().decode(Scalars.self, from: Data(state.utf8))
        } catch {
            throw Self.damaged(path, "its state cannot be read: \(decodingProblem(error))")
        }
        let shape = [scalars.layout.count]
        let parameters = try file.floats(of: TensorName.parameters, shape: shape)
        let firstMoment = try file.floats(of: TensorName.firstMoment, shape: shape)
        let secondMoment = try file.floats(of: TensorName.secondMoment, shape: shape)
        let bestVector =
            try scalars.earlyStopping.best.map { _ in try file.floats(of: TensorName.bestVector, shape: shape) }
        let vectors = [parameters, firstMoment, secondMoment, bestVector].compactMap { $0 }
        guard Self.digest(of: vectors) == scalars.vectorDigest else {
            throw Self.damaged(path, "its vectors do not match their digest")
        }
        self.init(
            configuration: scalars.configuration, modelDigest: scalars.modelDigest, layout: scalars.layout,
            step: scalars.step, parameters: parameters,
            optimizerState: AdamW.State(
                firstMoment: firstMoment, secondMoment: secondMoment, steps: scalars.optimizerSteps),
            runningMeanReward: scalars.runningMeanReward, earlyStopping: scalars.earlyStopping, bestVector: bestVector,
            history: scalars.history)
    }

    /// The metadata's state, of a file that is a checkpoint of this format.
    private static func checkedState(_ file: SafetensorsFile) throws -> String {
        guard let format = file.metadata["format"], let state = file.metadata["state"] else {
            throw InputError(
                file.path, "is not a checkpoint: its metadata has no 'format' or no 'state'",
                remedy: "Give a file of a run folder's checkpoints/.")
        }
        guard format == Self.format else {
            throw InputError(
                file.path, "has format '\(format)', this program reads '\(Self.format)'",
                remedy: "Give a file of a run folder's checkpoints/, or use the version of t2 that wrote it.")
        }
        guard file.metadata["state-digest"] == Digest(of: state).hexadecimal else {
            throw damaged(file.path, "its state does not match its digest")
        }
        return state
    }

    private static func damaged(_ path: String, _ problem: String) -> InputError {
        InputError(path, "is a damaged checkpoint: \(problem)", remedy: "Resume from an earlier one.")
    }

    private static func digest(of vectors: [[Float]]) -> Digest {
        var builder = DigestBuilder()
        for vector in vectors { vector.withUnsafeBytes { builder.update($0) } }
        return builder.finalize()
    }
}
