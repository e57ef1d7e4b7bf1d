import GRDB
import T2Core
import T2Transport

/// One sampled completion and its judgement.
package struct RolloutRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "rollouts"

    package var step: Int
    package var phase: Phase
    package var unit: Int
    package var place: Int
    package var problem: String
    package var problemNumber: Int
    package var sample: Int
    package var prompt: String
    package var completion: String
    package var tokens: Int
    package var isFinished: Bool
    package var outcome: Outcome
    package var reward: Double
    package var advantage: Double
    /// Natural logarithm, summed over the completion's tokens, under the distribution it was sampled from.
    package var logProbability: Double
    package var worker: String

    /// - Returns: nil if the reward is missing: such a rollout is never stored.
    package init?(_ rollout: RolloutReport, place: Int, unit key: UnitKey, prompt: String, worker: WorkerIdentifier) {
        guard case .judged(let outcome) = rollout.reward, let reward = rollout.reward.value else { return nil }
        step = key.step
        phase = key.phase
        unit = key.index
        self.place = place
        problem = rollout.problem
        problemNumber = rollout.problemNumber
        sample = rollout.sample
        self.prompt = prompt
        completion = rollout.completion
        tokens = rollout.tokens.count
        isFinished = rollout.finished
        self.outcome = outcome
        self.reward = Double(reward)
        advantage = Double(rollout.advantage)
        logProbability = rollout.logProbabilities.reduce(0) { $0 + Double($1) }
        self.worker = worker.name
    }
}
