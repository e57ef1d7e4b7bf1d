import T2Core
import T2Jobs
import T2Learning

/// A small training run with made-up problems: what a job and a coordinator see of a base model, without one.
package enum TestTraining {
    package static let layout = ExpertLayout(entries: [
        .init(name: "a.weight", count: 3), .init(name: "b.weight", count: 5),
    ])
    package static let model = JobModel(
        path: "/models/small",
        configuration: ModelConfiguration(
            vocabularySize: 100, hiddenSize: 8, intermediateSize: 8, layerCount: 1, headCount: 1, keyValueHeadCount: 1,
            headSize: 8, normEpsilon: 1e-6, ropeTheta: 10_000, contextLength: 64, tiedEmbeddings: true,
            beginningOfSequence: nil, endOfSequence: [0]), digest: Digest(of: "model"),
        tokenizerDigest: Digest(of: "tokenizer"))

    package static func configuration(steps: Int = 4) -> RunConfiguration {
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

    package static func problems(_ prefix: String, _ count: Int) -> [Problem] {
        (0..<count).map {
            Problem(
                id: "\(prefix)-\($0)", topic: "t", prompt: "\(prefix) \($0)?", verification: .number(answer: "\($0)"))
        }
    }

    package static func definition(
        _ configuration: RunConfiguration = configuration(), name: String = "run",
        training: [Problem] = problems("train", 11), validation: [Problem] = problems("valid", 9)
    ) -> TrainingDefinition {
        TrainingDefinition(
            name: name, configuration: configuration, model: model, parameterisation: .direct(layout),
            training: training, validation: validation)
    }
}
