import T2Core
import T2Evaluation
import T2Transport

/// One pass of an evaluation over its problems, cut into units of the size of a batch on one machine.
struct EvaluationRound: UnitRound {
    /// Problems that one model answers.
    struct Share {
        /// nil is the base model.
        let vector: ExpertVector?
        /// Places among the problems.
        let problems: [Int]
    }

    let step = 0
    let units: [WorkUnit]
    private let problems: [Problem]
    private let vectors: [(digest: Digest, vector: ExpertVector)]
    private let places: [UnitKey: Int]
    private let sampling: Sampling
    private let seed: UInt64
    private let vocabularySize: Int

    init(
        _ definition: EvaluationDefinition, phase: Phase, problems: [Problem], shares: [Share], sampling: Sampling
    ) {
        var units: [WorkUnit] = []
        var vectors: [(digest: Digest, vector: ExpertVector)] = []
        for share in shares {
            let vector = share.vector ?? ExpertVector(layout: ExpertLayout(entries: []), values: [])
            let digest = Digest(of: vector.values)
            for batch in share.problems.chunked(by: EvaluationBatch.problems) {
                units.append(
                    WorkUnit(
                        key: UnitKey(run: definition.name, step: step, phase: phase, index: units.count),
                        problemIndices: batch, problemNumbers: batch))
                vectors.append((digest, vector))
            }
        }
        self.units = units
        self.vectors = vectors
        self.problems = problems
        self.sampling = sampling
        places = Dictionary(uniqueKeysWithValues: units.enumerated().map { ($1.key, $0) })
        seed = definition.seed
        vocabularySize = definition.model.vocabularySize
    }

    func unit(_ key: UnitKey) -> WorkUnit? { places[key].map { units[$0] } }

    func problems(_ unit: WorkUnit) -> [Problem] { unit.problemIndices.map { problems[$0] } }

    func vector(_ unit: WorkUnit) -> ExpertVector { vectors[unit.key.index].vector }

    func vector(_ digest: Digest) -> ExpertVector? { vectors.first { $0.digest == digest }?.vector }

    func lease(_ unit: WorkUnit, attempt: Int, length: Duration, epoch: UInt64) -> Lease {
        Lease(
            unit: unit.key, attempt: attempt, epoch: epoch, vector: vectors[unit.key.index].digest, seed: seed,
            problems: problems(unit), problemNumbers: unit.problemNumbers, samplesPerPrompt: 1, sampling: sampling,
            gradient: nil, lengthSeconds: length.seconds)
    }

    func check(_ unit: WorkUnit) -> ResultCheck {
        ResultCheck(
            problems: problems(unit), problemNumbers: unit.problemNumbers, samplesPerPrompt: 1,
            maxTokens: sampling.maxTokens, vocabularySize: vocabularySize, gradientCount: nil)
    }
}
