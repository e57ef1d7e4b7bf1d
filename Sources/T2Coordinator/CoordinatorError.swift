import T2Core

/// Why a coordinator gave up a run. What was accepted before stays durable.
package enum CoordinatorError: UserFacingError, Equatable {
    case poisoned(UnitKey, failures: [UnitFailure], evidence: String)
    case nonFinite(UnitKey, UnitFailure, evidence: String)
    case transportClosed
    case otherRun(place: String, problem: String)

    package var description: String {
        switch self {
        case .poisoned(let unit, let failures, let evidence):
            "unit \(unit) failed \(failures.count) times and would be missing from the step: "
                + failures.map { "attempt \($0.attempt) on \($0.worker): \($0.category): \($0.message)" }.joined(
                    separator: "; ")
                + ". The evidence is in \(evidence); remove the cause and go on with --resume."
        case .nonFinite(let unit, let failure, let evidence):
            "unit \(unit), attempt \(failure.attempt) on worker \(failure.worker): non-finite numbers: \(failure.message). "
                + "Nothing was averaged. The unit is saved for replay in \(evidence); lower learning-rate or kl-coefficient in a new "
                + "run, or check that worker's machine and go on with --resume."
        case .transportClosed:
            "the coordinator's socket was closed while the run was under way. Go on with --resume."
        case .otherRun(let place, let problem):
            "\(place): \(problem). Resume with what the run was started with, or start in another --run-dir."
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .poisoned: .unavailable
        case .nonFinite: .data
        case .transportClosed: .internalError
        case .otherRun: .configuration
        }
    }
}
