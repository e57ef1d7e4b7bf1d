import Foundation
import GRDB
import T2Core
import T2Jobs

/// An accepted result without its completions.
package struct ResultRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "results"

    package var step: Int
    package var phase: Phase
    package var unit: Int
    package var worker: String
    package var attempt: Int
    package var acceptedAt: Date
    package var summary: UnitSummary
    // What it takes to update, or to compute the unit again, little-endian; nil once the step's checkpoint is durable.
    /// ∂/∂z summed over the unit, float32; nil where none was asked for, too.
    package var gradient: Data?
    /// Token identifiers, int32, those of all completions one after another.
    package var prompts: Data?
    package var tokens: Data?
    /// Of the same tokens, float32.
    package var logProbabilities: Data?

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
}

/// The sums of an accepted result, without anything that is large.
struct ResultSummary: Sendable, Codable, FetchableRecord {
    var step: Int
    var phase: Phase
    var unit: Int
    var worker: String
    var attempt: Int
    var summary: UnitSummary

    static let columns = ["step", "phase", "unit", "worker", "attempt", "summary"].map { Column($0) }
}

extension Data {
    /// Numbers as they stand in memory.
    init<Scalar>(values: [Scalar]) { self = values.withUnsafeBytes { Data($0) } }

    func values<Scalar>(as _: Scalar.Type = Scalar.self) -> [Scalar] {
        [Scalar](unsafeUninitializedCapacity: count / MemoryLayout<Scalar>.size) { buffer, initialized in
            initialized = copyBytes(to: buffer) / MemoryLayout<Scalar>.size
        }
    }
}
