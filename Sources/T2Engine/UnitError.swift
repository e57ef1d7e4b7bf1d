import T2Core
import T2Model
import T2Text

/// The reason why a unit could not be computed. The ERROR message carries the category, on which the coordinator acts.
package enum UnitError: UserFacingError, Equatable {
    /// The coordinator cancelled the unit.
    case cancelled
    /// The lease asks for something that cannot be computed.
    case unsuitableLease(problem: String, remedy: String = "Run the same t2 version on both sides.")
    case missingReward(problem: String, sample: Int, attempts: Int, reason: String)
    case nonFinite(quantity: String, remedy: String)

    package var category: FailureCategory {
        switch self {
        case .cancelled: .cancelled
        case .unsuitableLease: .unsuitableLease
        case .missingReward: .missingReward
        case .nonFinite: .nonFinite
        }
    }

    package var description: String {
        switch self {
        case .cancelled:
            "the unit was cancelled. Nothing needs to be done."
        case .unsuitableLease(let problem, let remedy):
            "lease: \(problem). \(remedy)"
        case .missingReward(let problem, let sample, let attempts, let reason):
            "problem \(problem), sample \(sample): no reward after \(attempts) attempts: \(reason). "
                + "Check the sandbox on this machine, or leave this task to other workers."
        case .nonFinite(let quantity, let remedy):
            "\(quantity) holds a NaN or an infinity. \(remedy)"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .cancelled, .missingReward: .tryAgain
        case .unsuitableLease: .configuration
        case .nonFinite: .data
        }
    }

    /// The category of any error that ended a unit.
    package static func category(of error: any Error) -> FailureCategory {
        switch error {
        case let error as UnitError: error.category
        case PromptError.tooLong, PromptError.referenceTooLong: .promptTooLong
        case PromptError.empty, PromptError.template: .unsuitableLease
        case ModelError.nonFinite: .nonFinite
        default: .engine
        }
    }
}

/// The failure of a unit after sampling, because a reward is missing or a gradient or loss is not finite. The completions
/// suffice to compute the rest of the unit again.
package struct CompletionFailure: Error, CustomStringConvertible {
    package let cause: UnitError
    package let completions: [Completion]

    package var description: String { cause.description }
}
