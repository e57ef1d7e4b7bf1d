import Foundation
import GRDB
import T2Core
import T2Jobs

/// An accepted result without its completions.
package struct ResultRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "results"

    /// All results without their large columns, which are nil.
    static var summaries: QueryInterfaceRequest<ResultRecord> {
        select(["step", "phase", "unit", "worker", "attempt", "acceptedAt", "summary"].map { Column($0) })
    }

    package var step: Int
    package var phase: Phase
    package var unit: Int
    package var worker: String
    package var attempt: Int
    package var acceptedAt: Date
    package var summary: UnitSummary
    // The following are little-endian, and nil once the step's checkpoint is durable.
    /// ∂J/∂z summed over the unit, float32; also nil if the unit asks for no gradient.
    package var gradient: Data?
    /// The prompts' token ids, int32, concatenated over all completions.
    package var prompts: Data?
    /// The completions' token ids, int32, concatenated.
    package var tokens: Data?
    /// The log-probabilities of `tokens`, float32.
    package var logProbabilities: Data?
    /// The digest of these columns and of the unit's completions as they were accepted; nil if an earlier version stored them,
    /// and with the columns.
    package var digest: String?

    package init(_ key: UnitKey, _ output: UnitOutput, attempt: Int, worker: WorkerIdentifier, acceptedAt: Date) {
        step = key.step
        phase = key.phase
        unit = key.index
        self.worker = worker.name
        self.attempt = attempt
        self.acceptedAt = acceptedAt
        summary = UnitSummary(output)
        gradient = output.gradient.map { Data(values: $0) }
        prompts = Data(values: output.completions.flatMap(\.prompt))
        tokens = Data(values: output.completions.flatMap(\.tokens))
        logProbabilities = Data(values: output.completions.flatMap(\.logProbabilities))
    }

    /// The digest of what the job computes with: the large columns, and the texts and rewards of the unit's completions.
    func digest(with completions: [CompletionRecord]) -> String {
        var builder = DigestBuilder()
        for column in [gradient, prompts, tokens, logProbabilities] {
            builder.update("\(column?.count ?? -1) ")
            column?.withUnsafeBytes { builder.update($0) }
        }
        for completion in completions {
            builder.update(
                "\(completion.completion.utf8.count) \(completion.completion) \(completion.outcome.rawValue) ")
            builder.update("\(completion.reward?.bitPattern ?? 0) \(completion.advantage.bitPattern) ")
        }
        return builder.finalize().hexadecimal
    }
}

extension Data {
    /// The values in their memory representation.
    init<Scalar>(values: [Scalar]) { self = values.withUnsafeBytes { Data($0) } }

    func values<Scalar>(as _: Scalar.Type = Scalar.self) -> [Scalar] {
        [Scalar](unsafeUninitializedCapacity: count / MemoryLayout<Scalar>.size) { buffer, initialized in
            initialized = copyBytes(to: buffer) / MemoryLayout<Scalar>.size
        }
    }
}
