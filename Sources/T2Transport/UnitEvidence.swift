import Foundation
import T2Core

/// What is kept of a unit that failed, complete enough to compute it once more from its folder and the base model alone.
///
/// Layout: `lease.json`, `z.safetensors`, and `answer-<n>.frame`, the frames of the worker's RESULT or ERROR in order, if it
/// sent one.
package struct UnitEvidence: Sendable, Equatable {
    package let lease: Lease
    /// The z of the lease.
    package let policy: ExpertFile
    /// RESULT or ERROR as it came.
    package let answer: Message?

    package init(lease: Lease, policy: ExpertFile, answer: Message?) {
        self.lease = lease
        self.policy = policy
        self.answer = answer
    }

    /// Empty if the worker failed before it had any, or never answered.
    package var rollouts: [RolloutReport] {
        switch answer {
        case .result(let result): result.rollouts
        case .error(let report): report.rollouts
        default: []
        }
    }

    /// As it was refused or accepted; nil if there is none.
    package var gradient: [Float]? {
        if case .result(let result) = answer { result.gradient } else { nil }
    }

    /// Writes the files into an existing folder.
    ///
    /// - Throws: `SystemError`.
    package func write(to folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(lease), to: folder + "/lease.json")
        try policy.write(to: folder + "/z.safetensors")
        // What cannot travel was never sent.
        guard let answer, let frames = try? MessageCodec().encode(answer) else { return }
        for (place, frame) in frames.enumerated() { try AtomicFile.write(frame, to: Self.path(folder, frame: place)) }
    }

    /// Reads what `write` wrote, and checks that its parts belong together and to this base model.
    ///
    /// - Throws: `InputError`, `SystemError` or `SafetensorsError` naming the file at fault; `ProtocolError` for damaged frames.
    package init(folder: String, model: BaseModelFolder) throws {
        let leasePath = folder + "/lease.json"
        guard FileManager.default.fileExists(atPath: leasePath) else {
            throw InputError(
                folder, "holds no evidence: there is no lease.json",
                remedy: "Give a folder that an error of t2-coord named, evidence/<unit>/attempt-<n> in a run folder.",
                exitStatus: .noInput)
        }
        let text = try MappedFile(path: leasePath).data
        do {
            lease = try JSONDecoder().decode(Lease.self, from: text)
            _ = try MessageCodec().encode(.lease(lease))
        } catch {
            throw InputError(
                leasePath, "cannot be read: \(decodingProblem(error))",
                remedy: "Copy the folder again, or use the version of t2 that wrote it.")
        }
        guard lease.candidates == nil else {
            throw InputError(
                folder, "is of a unit of a search, which t2 replay does not compute",
                remedy: "Run the same search by t2 adapt on the machine that it failed on.")
        }
        let vectorPath = folder + "/z.safetensors"
        policy = try ExpertFile(path: vectorPath, for: model)
        let found = Digest(of: policy.vector.values)
        guard found == lease.vector else {
            throw InputError(
                vectorPath, "has digest \(found.short), the lease names \(lease.vector.short)",
                remedy: "Copy the folder again.")
        }
        var frames: [Data] = []
        while FileManager.default.fileExists(atPath: Self.path(folder, frame: frames.count)) {
            frames.append(try MappedFile(path: Self.path(folder, frame: frames.count)).data)
        }
        answer = frames.isEmpty ? nil : try MessageCodec().decode(frames)
        guard rollouts.isEmpty || answersLease(vocabularySize: model.configuration.vocabularySize) else {
            throw InputError(
                folder, "the rollouts of its answer are not those that its lease asks for",
                remedy: "They were refused for that; there is nothing to compute again.")
        }
    }

    /// Whether the rollouts are the lease's, one by one, as the model can read them.
    private func answersLease(vocabularySize: Int) -> Bool {
        let samples = lease.samplesPerPrompt
        guard rollouts.count == lease.problems.count * samples else { return false }
        return rollouts.enumerated().allSatisfy { place, rollout in
            rollout.problem == lease.problems[place / samples].id && rollout.sample == place % samples
                && rollout.problemNumber == lease.problemNumbers[place / samples]
                && (1...lease.sampling.maxTokens).contains(rollout.tokens.count)
                && rollout.tokens.allSatisfy { (0..<vocabularySize).contains(Int($0)) }
        }
    }

    private static func path(_ folder: String, frame place: Int) -> String { "\(folder)/answer-\(place).frame" }
}
