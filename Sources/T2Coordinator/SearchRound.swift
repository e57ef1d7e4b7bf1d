import T2Core
import T2Learning
import T2Transport

/// Candidates of one iteration, cut into units: a few of them on all shots each.
struct SearchRound: UnitRound {
    let step: Int
    let units: [WorkUnit]
    private let definition: SearchDefinition
    private let question: CandidateSpecification.Question
    private let places: [UnitKey: Int]
    /// By unit.
    private let stacks: [(digest: Digest, vector: ExpertVector, count: Int)]
    private let shots: [Problem]

    /// - Parameter batches: places among the candidates, unit by unit.
    private init(
        _ definition: SearchDefinition, step: Int, phase: Phase, question: CandidateSpecification.Question,
        candidates: [ExpertVector], batches: [Range<Int>]
    ) {
        self.definition = definition
        self.step = step
        self.question = question
        shots = question == .references ? definition.shots : definition.shots.map(\.withoutReference)
        let problems = Array(definition.shots.indices)
        units = batches.indices.map {
            WorkUnit(
                key: UnitKey(run: definition.name, step: step, phase: phase, index: $0), problemIndices: problems,
                problemNumbers: problems)
        }
        places = Dictionary(uniqueKeysWithValues: units.enumerated().map { ($1.key, $0) })
        stacks = batches.map { batch in
            let vector = ExpertVector.stack(Array(candidates[batch]))
            return (Digest(of: vector.values), vector, batch.count)
        }
    }

    /// What the candidates answer.
    static func answers(_ candidates: [ExpertVector], step: Int, of definition: SearchDefinition) -> SearchRound {
        SearchRound(
            definition, step: step, phase: .answers, question: .answers, candidates: candidates,
            batches: PopulationSearch.batches(candidates: candidates.count, shots: definition.shots.count))
    }

    /// How likely the references are under each candidate, a unit each.
    static func references(_ candidates: [ExpertVector], step: Int, of definition: SearchDefinition) -> SearchRound {
        SearchRound(
            definition, step: step, phase: .references, question: .references, candidates: candidates,
            batches: candidates.indices.map { $0..<$0 + 1 })
    }

    func unit(_ key: UnitKey) -> WorkUnit? { places[key].map { units[$0] } }

    func problems(_ unit: WorkUnit) -> [Problem] { shots }

    func vector(_ unit: WorkUnit) -> ExpertVector { stacks[unit.key.index].vector }

    func vector(_ digest: Digest) -> ExpertVector? { stacks.first { $0.digest == digest }?.vector }

    func lease(_ unit: WorkUnit, attempt: Int, length: Duration, epoch: UInt64) -> Lease {
        let stack = stacks[unit.key.index]
        return Lease(
            unit: unit.key, attempt: attempt, epoch: epoch, vector: stack.digest, seed: definition.settings.seed,
            problems: shots, problemNumbers: unit.problemNumbers, samplesPerPrompt: stack.count,
            sampling: definition.sampling, gradient: nil,
            candidates: CandidateSpecification(count: stack.count, question: question), lengthSeconds: length.seconds)
    }

    func check(_ unit: WorkUnit) -> ResultCheck {
        ResultCheck(
            problems: shots, problemNumbers: unit.problemNumbers, samplesPerPrompt: stacks[unit.key.index].count,
            maxTokens: question == .references ? definition.model.contextLength : definition.sampling.maxTokens,
            vocabularySize: definition.model.vocabularySize, gradientCount: nil)
    }
}
