import T2Core
import T2Learning

/// Everything that determines a run's results, checked and resolved: no path is looked at after this.
package struct TrainingDefinition: Sendable {
    /// In messages and logs; no random number depends on it. A run keeps the name of its start, whatever its folder is called.
    package var name: String
    package let configuration: RunConfiguration
    package let model: JobModel
    /// Holds the layout of z.
    package let parameterisation: Parameterisation
    package let training: [Problem]
    /// The problems of an evaluation.
    package let validation: [Problem]
    /// Strings that end a completion.
    package let stopStrings: [String]

    /// What experts are named after; the folder of a task of one's own has a name of its own.
    package var task: String { configuration.task.split(separator: "/").last.map(String.init) ?? configuration.task }

    package var layout: ExpertLayout { parameterisation.layout }

    /// - Parameters:
    ///   - training: the whole training split, not empty.
    ///   - validation: the validation split; the first `validation-problems` of it are used.
    package init(
        name: String, configuration: RunConfiguration, model: JobModel, parameterisation: Parameterisation,
        training: [Problem], validation: [Problem], stopStrings: [String] = []
    ) {
        self.name = name
        self.configuration = configuration
        self.model = model
        self.parameterisation = parameterisation
        self.training = training
        self.stopStrings = stopStrings
        self.validation = Array(validation.prefix(configuration.validationProblems))
    }

    package var planner: BatchPlanner {
        BatchPlanner(
            run: name, trainingProblems: training.count, validationProblems: validation.count,
            configuration: configuration)
    }

    /// What makes the run the same run when it is resumed; its configuration is compared key by key with the checkpoint's.
    package func identity() throws -> JobIdentity {
        try JobIdentity(
            .training,
            [
                ("base model", model.digest), ("tokenizer", model.tokenizerDigest),
                ("problems", training + validation), ("stop strings", stopStrings),
            ])
    }

    /// Whether nothing is left to do after this state.
    package func isFinished(_ checkpoint: Checkpoint) -> Bool {
        checkpoint.isEvaluated
            && (checkpoint.step >= configuration.steps || checkpoint.earlyStopping.shouldStop)
    }

    /// The state before the first step.
    package func start() throws -> Checkpoint {
        Checkpoint(
            configuration: configuration, modelDigest: model.digest, layout: layout, step: 0,
            parameters: parameterisation.initialParameters(seed: configuration.seed),
            optimizerState: .init(count: layout.count), runningMeanReward: RunningMeanReward(),
            earlyStopping: try EarlyStopping(patience: configuration.patience), bestVector: nil, history: [])
    }
}
