import Foundation
import GRDB
import T2Core
import T2Transport

/// An accepted result without its rollouts.
package struct ResultRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "results"

    package var step: Int
    package var phase: Phase
    package var unit: Int
    package var worker: String
    package var attempt: Int
    package var acceptedAt: Date
    package var summary: UnitSummary
    /// ∂/∂z summed over the unit, float32 little-endian; nil in validation and once the step's checkpoint is durable.
    package var gradient: Data?

    package init(_ result: UnitResult, worker: WorkerIdentifier, acceptedAt: Date) {
        step = result.unit.step
        phase = result.unit.phase
        unit = result.unit.index
        self.worker = worker.name
        attempt = result.attempt
        self.acceptedAt = acceptedAt
        summary = UnitSummary(result)
        gradient = result.gradient.map { values in values.withUnsafeBytes { Data($0) } }
    }

    package var gradientValues: [Float]? {
        gradient.map { data in
            [Float](unsafeUninitializedCapacity: data.count / MemoryLayout<Float>.size) { buffer, count in
                count = data.copyBytes(to: buffer) / MemoryLayout<Float>.size
            }
        }
    }
}
