import T2Core
import T2Model
import T2Text

/// Why a worker could not compute a unit. The category travels in the ERROR message and decides what the coordinator does.
package enum UnitError: UserFacingError, Equatable {
    /// The coordinator no longer wants the unit.
    case cancelled
    /// The lease asks for something that no sampling or gradient can give.
    case unsuitableLease(problem: String, remedy: String)
    case missingReward(problem: String, sample: Int, attempts: Int, reason: String)
    case nonFinite(quantity: String, remedy: String)

    /// A short fixed word for the kind of failure.
    package var category: String {
        switch self {
        case .cancelled: "cancelled"
        case .unsuitableLease: Self.unsuitableLeaseCategory
        case .missingReward: "missing-reward"
        case .nonFinite: Self.nonFiniteCategory
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
    package static func category(of error: any Error) -> String {
        switch error {
        case let error as UnitError: error.category
        case PromptError.tooLong, PromptError.referenceTooLong: "prompt-too-long"
        case PromptError.empty: unsuitableLeaseCategory
        case ModelError.nonFinite: nonFiniteCategory
        default: "engine"
        }
    }

    private static let unsuitableLeaseCategory = "unsuitable-lease"
    /// The coordinator stops the run at it: such numbers are never averaged, nor computed again in the hope of better ones.
    private static let nonFiniteCategory = "non-finite"
}
