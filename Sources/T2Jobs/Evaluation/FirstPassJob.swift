import T2Core
import T2Learning

/// The first pass of two-pass inference alone: finds the policy that would answer each prompt.
package struct FirstPassJob: Job {
    package let name: String
    package let model: JobModel
    private let prompts: [Problem]
    private let seed: UInt64
    private var assigner: any PolicyAssigner

    package func missingRewards(in _: Round) -> MissingRewardHandling { .stop(limit: 1) }

    package init(name: String, model: JobModel, prompts: [Problem], strategy: any PolicyAssigner, seed: UInt64 = 0) {
        self.name = name
        self.model = model
        self.prompts = prompts
        assigner = strategy
        self.seed = seed
    }

    package func identity() throws -> JobIdentity {
        try JobIdentity(
            .evaluation,
            model.identity + [("problems", prompts), ("seed", seed)] + assigner.parts)
    }

    private var context: AssignmentContext { (name, seed) }

    package func nextRound() throws -> Round? { try assigner.nextRound(prompts, context) }

    package mutating func take(_ results: RoundResults) throws -> [FewShotSearch.Iteration] {
        try assigner.take(results)
    }

    /// - Precondition: the job is finished.
    package func assignment() throws -> PolicyAssignment { try assigner.assignment(prompts, context) }
}
