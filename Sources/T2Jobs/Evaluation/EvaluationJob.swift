import Algorithms
import T2Core
import T2Learning

/// Answers every problem of a list under the policy that a strategy assigns to it, and judges the answers.
///
/// Problems are divided into batches of a fixed size. A batch is one unit, whichever policies its rows need, so that an answer
/// does not depend on the number of lanes or workers, nor on other evaluations.
package struct EvaluationJob: Job {
    /// The number of problems answered together.
    package static let batchSize = 32

    package let name: String
    package let model: JobModel
    package let task: String
    /// The problems without their references.
    package let problems: [Problem]
    package let sampling: Sampling
    /// The seed of sampling when the temperature is above 0, and of the strategy's random choices.
    package let seed: UInt64
    private var assigner: any PolicyAssigner
    private var completions: [Completion]?

    /// Answers are reported without a reward; a search that comes first must not take a missing reward for a wrong answer.
    package func missingRewards(in round: Round) -> MissingRewardHandling {
        round.units.first?.key.phase == .evaluation ? .report : .stop(limit: 1)
    }

    package init(
        name: String, model: JobModel, task: String, problems: [Problem], strategy: any PolicyAssigner,
        sampling: Sampling, seed: UInt64
    ) {
        self.name = name
        self.model = model
        self.task = task
        self.problems = problems.map(\.withoutReference)
        assigner = strategy
        self.sampling = sampling
        self.seed = seed
    }

    package func identity() throws -> JobIdentity {
        try JobIdentity(
            .evaluation,
            model.identity + [
                ("task", task), ("problems", problems), ("temperature or max-tokens", sampling), ("seed", seed),
            ] + problems.chatParts + assigner.parts)
    }

    private var context: AssignmentContext { (name, seed) }

    package func nextRound() throws -> Round? {
        guard completions == nil else { return nil }
        if let round = try assigner.nextRound(problems, context) { return round }
        return Self.round(problems, try assignment(), phase: .evaluation, sampling: sampling, context)
    }

    package mutating func take(_ results: RoundResults) throws -> [FewShotSearch.Iteration] {
        guard results.round.units.first?.key.phase == .evaluation else { return try assigner.take(results) }
        completions = try results.allCompletions()
        return []
    }

    /// The strategy's decision, once it is made.
    package func assignment() throws -> PolicyAssignment { try assigner.assignment(problems, context) }

    /// The answers in the order of the problems.
    ///
    /// - Parameter partial: the results so far of the last round, if the job was stopped.
    package func records(partial: RoundResults? = nil) throws -> [EvaluationRecord] {
        var found = completions ?? []
        if let partial, partial.round.units.first?.key.phase == .evaluation { found = try partial.allCompletions() }
        guard !found.isEmpty else { return [] }
        let dispatches = try assignment().dispatches
        return found.map { completion in
            EvaluationRecord(
                problems[completion.problemIndex], completion, dispatch: dispatches?[completion.problemIndex])
        }
    }

    /// Divides the problems into batches, each problem under its policy.
    static func round(
        _ problems: [Problem], _ assignment: PolicyAssignment, phase: Phase, sampling: Sampling,
        _ context: AssignmentContext
    ) -> Round {
        let digests = assignment.policies.map(\.digest)
        let units = problems.indices.chunks(ofCount: batchSize).enumerated().map { index, batch in
            // Two experts may have equal values and thus the same digest.
            let policies = Array(Set(batch.map { assignment.indices[$0] }).sorted().map { digests[$0] }.uniqued())
            return WorkUnit(
                key: UnitKey(run: context.run, step: 0, phase: phase, index: index), seed: context.seed,
                problems: batch.map { problems[$0] }, problemIndices: Array(batch),
                sequences: batch.enumerated().map { row, problem in
                    .init(problem: row, policy: policies.firstIndex(of: digests[assignment.indices[problem]]) ?? 0)
                }, policies: policies, sampling: sampling)
        }
        return Round(
            step: 0, units: units,
            policies: Dictionary(zip(digests, assignment.policies), uniquingKeysWith: { first, _ in first }))
    }
}
