import T2Core

/// A key of a configuration file: what it may hold.
package typealias ConfigurationKey = RunConfiguration.CodingKeys

extension ConfigurationKey {
    /// What a value of this key looks like, for error messages.
    package var expectation: String {
        switch self {
        case .model, .data: "the path of a folder"
        case .task: "the name of a task"
        case .steps, .promptsPerStep, .samplesPerPrompt, .promptsPerUnit, .maxTokens, .evaluateEvery,
            .validationProblems:
            "a whole number of 1 or more"
        case .seed, .warmUpSteps, .patience: "a whole number of 0 or more"
        case .temperature, .learningRate, .adamEpsilon, .clipNorm: "a number above 0"
        case .klCoefficient, .weightDecay: "a number of 0 or more"
        case .adamBeta1, .adamBeta2: "a number from 0 to below 1"
        case .adapt: Self.list(Adaptation.allCases)
        case .parameterisation: Self.list(ParameterisationKind.allCases)
        case .advantage: Self.list(AdvantageKind.allCases)
        case .klDirection: Self.list(KLDirection.allCases)
        case .klEstimator: Self.list(KLEstimator.allCases)
        case .schedule: Self.list(LearningRateSchedule.allCases)
        }
    }

    private static func list<Choice: RawRepresentable<String>>(_ choices: [Choice]) -> String {
        "one of " + choices.map(\.rawValue).joined(separator: ", ")
    }

    /// Why a key that people look for is not there.
    static func refusal(of name: String) -> String? {
        switch name {
        case "top-k", "top-p":
            "training samples from the whole distribution: with \(name) the completions would come from another distribution than "
                + "the one whose log-probability is differentiated, which biases the gradient"
        default: nil
        }
    }
}
