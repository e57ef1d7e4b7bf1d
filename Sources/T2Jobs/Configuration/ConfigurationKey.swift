import T2Core

/// A key of a configuration file.
package typealias ConfigurationKey = RunConfiguration.CodingKeys

extension ConfigurationKey {
    /// A description of the valid values, for error messages.
    package var expectation: String {
        switch self {
        case .model, .data: "the path of a folder"
        case .task: "the name of a task, or the folder of one"
        case .system: "the text of a message"
        case .date: "a date such as 2024-07-26"
        case .missingLimit, .audit: "a number from 0 to 1"
        case .steps, .rank, .promptsPerStep, .samplesPerPrompt, .promptsPerUnit, .maxTokens, .evaluateEvery,
            .validationProblems:
            "a whole number of 1 or more"
        case .seed, .warmUpSteps, .patience, .reportKLEvery: "a whole number of 0 or more"
        case .temperature, .alpha, .learningRate, .adamEpsilon, .clipNorm: "a number above 0"
        case .klCoefficient, .weightDecay: "a number of 0 or more"
        case .adamBeta1, .adamBeta2: "a number from 0 to below 1"
        case .onBadRecord, .onLongPrompt, .adapter, .targetModules, .parameterisation, .advantage, .klDirection,
            .klEstimator, .schedule, .weights:
            "one of " + choices.joined(separator: ", ")
        }
    }

    /// The valid values of an enumerated key; empty for other keys.
    package var choices: [String] {
        switch self {
        case .onBadRecord: BadRecordHandling.allCases.map(\.rawValue)
        case .onLongPrompt: LongPromptHandling.allCases.map(\.rawValue)
        case .adapter: AdapterKind.allCases.map(\.rawValue)
        case .targetModules: TargetModules.allCases.map(\.rawValue)
        case .parameterisation: ParameterisationKind.allCases.map(\.rawValue)
        case .advantage: AdvantageKind.allCases.map(\.rawValue)
        case .klDirection: KLDirection.allCases.map(\.rawValue)
        case .klEstimator: KLEstimator.allCases.map(\.rawValue)
        case .schedule: LearningRateSchedule.allCases.map(\.rawValue)
        case .weights: WeightChoice.allCases.map(\.rawValue)
        default: []
        }
    }

    /// The reason why a key that users may expect does not exist.
    static func refusal(of name: String) -> String? {
        switch name {
        case "adapt": "it is now called target-modules: write target-modules with the same value"
        case "top-k", "top-p":
            "training samples from the whole distribution: with \(name) the completions would come from another distribution than "
                + "the one whose log-probability is differentiated, which biases the gradient. Remove it"
        default: nil
        }
    }
}
