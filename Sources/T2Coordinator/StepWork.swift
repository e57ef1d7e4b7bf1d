import T2Core
import T2Transport

/// One step's units and the z they are computed under.
struct StepWork: UnitRound {
    let step: Int
    let vector: ExpertVector
    /// The content address of z.
    let digest: Digest
    let units: [WorkUnit]
    private let places: [UnitKey: Int]
    private let definition: RunDefinition
    private let gradient: GradientSpecification

    /// - Parameter runningMeanReward: of the steps before.
    init(definition: RunDefinition, step: Int, vector: ExpertVector, runningMeanReward: Float) {
        self.definition = definition
        self.step = step
        self.vector = vector
        digest = Digest(of: vector.values)
        units = definition.planner.work(step: step)
        places = Dictionary(uniqueKeysWithValues: units.enumerated().map { ($1.key, $0) })
        let configuration = definition.configuration
        gradient = GradientSpecification(
            advantage: configuration.advantage, runningMeanReward: runningMeanReward,
            klCoefficient: configuration.klCoefficient, klDirection: configuration.klDirection,
            klEstimator: configuration.klEstimator)
    }

    func unit(_ key: UnitKey) -> WorkUnit? { places[key].map { units[$0] } }

    func problems(_ unit: WorkUnit) -> [Problem] {
        let split = unit.key.phase == .train ? definition.training : definition.validation
        return unit.problemIndices.map { split[$0] }
    }

    func vector(_ unit: WorkUnit) -> ExpertVector { vector }

    func vector(_ digest: Digest) -> ExpertVector? { digest == self.digest ? vector : nil }

    func lease(_ unit: WorkUnit, attempt: Int, length: Duration, epoch: UInt64) -> Lease {
        let trains = unit.key.phase == .train
        let configuration = definition.configuration
        return Lease(
            unit: unit.key, attempt: attempt, epoch: epoch, vector: digest, seed: configuration.seed,
            problems: problems(unit), problemNumbers: unit.problemNumbers, samplesPerPrompt: samplesPerPrompt(unit),
            sampling: Sampling(
                temperature: trains ? configuration.temperature : 0, maxTokens: configuration.maxTokens,
                stopStrings: definition.stopStrings),
            gradient: trains ? gradient : nil, lengthSeconds: length.seconds)
    }

    func check(_ unit: WorkUnit) -> ResultCheck {
        ResultCheck(
            problems: problems(unit), problemNumbers: unit.problemNumbers, samplesPerPrompt: samplesPerPrompt(unit),
            maxTokens: definition.configuration.maxTokens, vocabularySize: definition.model.vocabularySize,
            gradientCount: unit.key.phase == .train ? definition.layout.count : nil)
    }

    private func samplesPerPrompt(_ unit: WorkUnit) -> Int {
        unit.key.phase == .train ? definition.configuration.samplesPerPrompt : 1
    }
}
