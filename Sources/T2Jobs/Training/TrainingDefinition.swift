import T2Core
import T2Learning

/// All inputs that determine a run's results, checked and resolved; no path is opened after this.
package struct TrainingDefinition: Sendable {
    /// The name in messages and logs; no random number depends on it. A run keeps its first name even if its folder is renamed.
    package var name: String
    package let configuration: RunConfiguration
    package let model: JobModel
    /// The parameterisation, which holds the layout of z.
    package let parameterisation: Parameterisation
    package let training: [Problem]
    /// The problems of an evaluation.
    package let validation: [Problem]
    /// Strings that end a completion.
    package let stopStrings: [String]

    /// The task's name in expert files; for the folder of a custom task it is the last path component.
    package var task: String { configuration.task.split(separator: "/").last.map(String.init) ?? configuration.task }

    package var layout: ExpertLayout { parameterisation.layout }

    /// - Parameters:
    ///   - training: the whole training split, not empty.
    ///   - validation: the validation split, of which the first `validation-problems` are used.
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

    /// The inputs that must be the same when the run is resumed. The configuration is compared with the checkpoint's key by key.
    package func identity() throws -> JobIdentity {
        try JobIdentity(
            .training,
            model.identity + [("problems", training + validation), ("stop strings", stopStrings)])
    }

    /// Whether the run is complete in this state.
    package func isFinished(_ checkpoint: Checkpoint) -> Bool {
        checkpoint.isEvaluated
            && (checkpoint.step >= configuration.steps || checkpoint.earlyStopping.shouldStop)
    }

    /// The state before the first step.
    package func start() throws -> Checkpoint {
        try Checkpoint(configuration, modelDigest: model.digest, parameterisation)
    }
}
