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
    // What it takes to update, or to compute the unit again, little-endian; nil once the step's checkpoint is durable.
    /// ∂/∂z summed over the unit, float32; nil in validation too.
    package var gradient: Data?
    /// Of all rollouts, one after another: identifiers, int32.
    package var tokens: Data?
    /// Of the same tokens, float32.
    package var logProbabilities: Data?

    package init(_ result: UnitResult, worker: WorkerIdentifier, acceptedAt: Date) {
        step = result.unit.step
        phase = result.unit.phase
        unit = result.unit.index
        self.worker = worker.name
        attempt = result.attempt
        self.acceptedAt = acceptedAt
        summary = UnitSummary(result)
        gradient = result.gradient.map(Self.data)
        tokens = Self.data(result.rollouts.flatMap(\.tokens))
        logProbabilities = Self.data(result.rollouts.flatMap(\.logProbabilities))
    }

    package var gradientValues: [Float]? { gradient.map { Self.values($0) } }

    /// The result as it was accepted, but for its epoch, which is over.
    ///
    /// - Parameter rollouts: of the same unit, in order.
    /// - Returns: nil once the tokens are gone.
    func result(run: String, _ rollouts: [RolloutRecord]) -> UnitResult? {
        guard let tokens, let logProbabilities else { return nil }
        let (tokenValues, logProbabilityValues): ([Int32], [Float]) = (
            Self.values(tokens), Self.values(logProbabilities)
        )
        var start = 0
        let reports = rollouts.map { rollout in
            defer { start += rollout.tokens }
            let range = start..<start + rollout.tokens
            return RolloutReport(
                problem: rollout.problem, problemNumber: rollout.problemNumber, sample: rollout.sample,
                tokens: Array(tokenValues[range]), logProbabilities: Array(logProbabilityValues[range]),
                completion: rollout.completion, reward: .judged(rollout.outcome), advantage: Float(rollout.advantage),
                finished: rollout.isFinished)
        }
        return UnitResult(
            unit: UnitKey(run: run, step: step, phase: phase, index: unit), attempt: attempt, epoch: 0,
            rollouts: reports, statistics: summary.statistics, gradient: gradientValues)
    }

    private static func data<Scalar>(_ values: [Scalar]) -> Data { values.withUnsafeBytes { Data($0) } }

    private static func values<Scalar>(_ data: Data) -> [Scalar] {
        [Scalar](unsafeUninitializedCapacity: data.count / MemoryLayout<Scalar>.size) { buffer, count in
            count = data.copyBytes(to: buffer) / MemoryLayout<Scalar>.size
        }
    }
}
