import Foundation
import T2Core
import T2Formats

/// The record of a failed unit, from which the unit can be computed again with the base model alone.
///
/// The folder holds `lease.json`; `policy-<n>.safetensors` for each policy of the lease except the base model; and
/// `answer.frame`, the worker's RESULT or ERROR as sent, if there was one.
package struct UnitEvidence: Sendable, Equatable {
    package let lease: Lease
    /// In the order of the lease's policies.
    package let policies: [Policy]
    /// The origin of the policies, as an expert file describes it.
    package let description: ExpertFile.Description
    /// The RESULT or ERROR as received.
    package let answer: Message?

    package init(lease: Lease, policies: [Policy], description: ExpertFile.Description, answer: Message?) {
        self.lease = lease
        self.policies = policies
        self.description = description
        self.answer = answer
    }

    /// The completions of the answer; empty if the worker failed before sampling, or never answered.
    package var completions: [Completion] {
        switch answer {
        case .result(let result): result.output.completions
        case .error(let report): report.completions
        default: []
        }
    }

    /// The gradient of the answer; nil if there is none.
    package var gradient: [Float]? {
        if case .result(let result) = answer { result.output.gradient } else { nil }
    }

    /// Writes the files into an existing folder.
    ///
    /// - Throws: `SystemError`.
    package func write(to folder: String) throws {
        try AtomicFile.write(JSONEncoder.sorted(isIndented: true).encode(lease), to: folder + "/lease.json")
        for (index, policy) in policies.enumerated() {
            guard let vector = policy.vector else { continue }
            var description = description
            if case .lora = policy { description.parameterisation = AdapterKind.lora.rawValue }
            try ExpertFile(description: description, vector: vector).write(to: Self.path(folder, policy: index))
        }
        // An answer that cannot be encoded was never sent.
        guard let answer, let frame = try? MessageCodec().encode(answer) else { return }
        try AtomicFile.write(frame, to: Self.answerPath(folder))
    }

    /// Reads the files that `write` wrote, and checks that they belong together and to this base model.
    ///
    /// - Throws: `InputError`, `SystemError` or `SafetensorsError` with the damaged file; `ProtocolError` for a damaged answer.
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
        var description: ExpertFile.Description?
        policies = try lease.work.policies.enumerated().map { index, digest in
            guard digest != Policy.baseDigest else { return .base }
            let path = Self.path(folder, policy: index)
            let file = try ExpertFile(path: path, for: model)
            let found = file.policy.digest
            guard found == digest else {
                throw InputError(
                    path, "has digest \(found.short), the lease names \(digest.short)",
                    remedy: "Copy the folder again.")
            }
            description = file.description
            return file.policy
        }
        self.description = description ?? .init(modelDigest: model.digest)
        let answerPath = Self.answerPath(folder)
        answer =
            FileManager.default.fileExists(atPath: answerPath)
            ? try MessageCodec().decode(MappedFile(path: answerPath).data) : nil
        guard completions.isEmpty || answersLease(vocabularySize: model.configuration.vocabularySize) else {
            throw InputError(
                folder, "the completions of the worker's answer do not match its lease",
                remedy: "They were refused for this reason; there is nothing to compute again.")
        }
    }

    /// Whether the completions match the lease's sequences one by one, with valid tokens.
    private func answersLease(vocabularySize: Int) -> Bool {
        let work = lease.work
        guard completions.count == work.sequences.count else { return false }
        return zip(completions, work.sequences).allSatisfy { completion, sequence in
            completion.problem == work.problems[sequence.problem].id && completion.sample == sequence.sample
                && completion.problemIndex == work.problemIndices[sequence.problem] && !completion.prompt.isEmpty
                && (1...(work.sampling?.maxTokens ?? .max)).contains(completion.tokens.count)
                && (completion.prompt + completion.tokens).allSatisfy { (0..<vocabularySize).contains(Int($0)) }
        }
    }

    private static func answerPath(_ folder: String) -> String { folder + "/answer.frame" }

    private static func path(_ folder: String, policy index: Int) -> String { "\(folder)/policy-\(index).safetensors" }
}
