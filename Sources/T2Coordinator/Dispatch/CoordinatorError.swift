import T2Core
import T2Learning

/// Why a coordinator gave up a run. What was accepted before stays durable.
package enum CoordinatorError: UserFacingError, Equatable {
    case poisoned(UnitKey, failures: [UnitFailure], evidence: String?)
    case nonFinite(UnitKey, UnitFailure, evidence: String?, model: String)
    /// The sum of the step's gradients, or what became of p; the unit is the one whose gradient is at fault or largest.
    case nonFiniteUpdate(UnitKey, LearningError, evidence: String?, model: String)
    case missingRewards(step: Int, count: Int, sequences: Int, limit: Double, reasons: [String])
    /// No worker could ever get the unit.
    case untransportable(UnitKey, problem: String)
    case transportClosed
    case otherRun(place: String, problem: String)

    package var description: String {
        switch self {
        case .poisoned(_, let failures, nil):
            // On one machine it is the failure itself that counts.
            failures.last?.message ?? "a unit failed."
        case .nonFinite(_, let failure, nil, _): failure.message
        case .nonFiniteUpdate(_, let cause, nil, _): cause.description
        case .poisoned(let unit, let failures, let evidence?):
            "unit \(unit) failed \(failures.count) times and would be missing from the step"
                + (failures.last.map { ", the last time in \($0.sentence)" } ?? ".")
                + " The evidence of every attempt is in \(evidence); remove the cause and go on with --resume."
        case .nonFinite(let unit, let failure, let evidence?, _) where !unit.phase.isTraining:
            "unit \(unit), \(failure.sentence) It is saved in \(evidence). Check the experts' values (t2 experts show FILE) and that "
                + "worker's machine, and go on with --resume."
        case .nonFinite(let unit, let failure, let evidence?, let model):
            "unit \(unit), \(failure.sentence) "
                + "Nothing was averaged. The unit is saved; compute it again with: \(Self.replay(evidence, model)). If "
                + "it fails there too, start a new run with a lower learning-rate or kl-coefficient in another --run-dir; if not, "
                + "check that worker's machine and go on with --resume."
        case .nonFiniteUpdate(let unit, let cause, let evidence?, let model):
            "\(cause) The unit with the largest gradient, \(unit), is saved; compute it again with: "
                + "\(Self.replay(evidence, model))."
        case .untransportable(let unit, let problem) where !unit.phase.isTraining:
            "the lease of unit \(unit) cannot travel: \(problem) Start again with shorter prompts, or with fewer --shots in a search, in "
                + "another --run-dir."
        case .untransportable(let unit, let problem):
            "the lease of unit \(unit) cannot travel: \(problem) Start a run with fewer prompts-per-unit in another --run-dir."
        case .missingRewards(let step, let count, let sequences, let limit, let reasons):
            "in step \(step) \(count) rewards for \(sequences) sequences could not be computed when they were first asked for, more "
                + "than missing-limit \(limit) allows: \(reasons.joined(separator: "; "))"
                + (reasons.last?.hasSuffix(".") == true ? "" : ".")
                + " What was accepted is safe, and units that failed are under evidence/: remove the cause and go on with --resume."
        case .transportClosed:
            "the coordinator's socket was closed while the run was under way. Go on with --resume."
        case .otherRun(let place, let problem):
            "\(place): \(problem). Resume with what the run was started with, or start in another --run-dir."
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .poisoned, .missingRewards: .unavailable
        case .nonFinite, .nonFiniteUpdate: .data
        case .transportClosed: .internalError
        case .untransportable, .otherRun: .configuration
        }
    }

    private static func replay(_ evidence: String, _ model: String) -> String {
        "t2 replay \(RunSummary.quoted(evidence)) --model \(RunSummary.quoted(model))"
    }
}
