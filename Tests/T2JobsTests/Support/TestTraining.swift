import T2Core
import T2Jobs
import T2Learning

/// A small training run with made-up problems: what a job sees of a base model, without one.
enum TestTraining {
    static let layout = ExpertLayout(entries: [.init(name: "a.weight", count: 3), .init(name: "b.weight", count: 5)])
    static let model = JobModel(
        path: "/models/small",
        configuration: ModelConfiguration(
            vocabularySize: 100, hiddenSize: 8, intermediateSize: 8, layerCount: 1, headCount: 1, keyValueHeadCount: 1,
            headSize: 8, normEpsilon: 1e-6, ropeTheta: 10_000, contextLength: 64, tiedEmbeddings: true,
            beginningOfSequence: nil, endOfSequence: [0]), digest: Digest(of: "model"),
        tokenizerDigest: Digest(of: "tokenizer"))

    static func configuration(steps: Int = 4) -> RunConfiguration {
        var configuration = RunConfiguration()
        configuration.steps = steps
        configuration.promptsPerStep = 8
        configuration.promptsPerUnit = 2
        configuration.samplesPerPrompt = 2
        configuration.maxTokens = 4
        configuration.evaluateEvery = 2
        configuration.validationProblems = 6
        configuration.model = "/models/small"
        return configuration
    }

    static func problems(_ prefix: String, _ count: Int) -> [Problem] {
        (0..<count).map {
            Problem(
                id: "\(prefix)-\($0)", topic: "t", prompt: "\(prefix) \($0)?", verification: .number(answer: "\($0)"))
        }
    }

    static func definition(
        _ configuration: RunConfiguration = configuration(), training: [Problem] = problems("train", 11),
        validation: [Problem] = problems("valid", 9)
    ) -> TrainingDefinition {
        TrainingDefinition(
            name: "run", configuration: configuration, model: model, parameterisation: .direct(layout),
            training: training, validation: validation)
    }

    /// Made-up numbers that follow from the unit alone.
    static func output(_ unit: WorkUnit) -> UnitOutput {
        var random = SeededRandom(seed: 5, step: unit.key.step, problem: unit.key.index)
        let completions = unit.sequences.map { sequence in
            var completion = Completion(prompt: [1], tokens: [2, 3], logProbabilities: [-1, -2], finishReason: .stop)
            completion.problem = unit.problems[sequence.problem].id
            completion.problemIndex = unit.problemIndices[sequence.problem]
            (completion.sample, completion.policy) = (sequence.sample, sequence.policy)
            completion.reward = .judged(random.next().isMultiple(of: 2) ? .right : .wrong)
            return completion
        }
        return UnitOutput(
            completions: completions,
            gradient: unit.gradient == nil ? nil : (0..<layout.count).map { _ in Float(random.nextUniform()) - 0.5 })
    }

    static func outputs(_ round: Round) -> [UnitKey: UnitOutput] {
        Dictionary(uniqueKeysWithValues: round.units.map { ($0.key, output($0)) })
    }
}
