import T2Core
import T2Learning

/// The reason why a coordinator gave up a run. Results accepted before remain stored.
package enum CoordinatorError: UserFacingError, Equatable {
    case poisoned(UnitKey, failures: [UnitFailure], evidence: String?)
    case nonFinite(UnitKey, UnitFailure, evidence: String?, model: String)
    /// The sum of the step's gradients or the updated p is not finite; the unit caused it or has the largest gradient.
    case nonFiniteUpdate(UnitKey, LearningError, evidence: String?, model: String)
    case missingRewards(step: Int, count: Int, sequences: Int, limit: Double, reasons: [String])
    /// The unit's lease cannot be sent to any worker.
    case untransportable(UnitKey, problem: String)
    /// An audit found different results, and no further worker could decide which is right.
    case disputed(UnitKey, workers: [String])
    case transportClosed

    package var description: String {
        switch self {
        case .poisoned(_, let failures, nil):
            // On one machine there is no evidence, and the failure itself is the message.
            failures.last?.message ?? "a unit failed."
        case .nonFinite(_, let failure, nil, _): failure.message
        case .nonFiniteUpdate(_, let cause, nil, _): cause.description
        case .poisoned(let unit, let failures, let evidence?):
            "unit \(unit) failed \(failures.count) times and would be missing from the step"
                + (failures.last.map { ", the last time in \($0.sentence)" } ?? ".")
                + " The evidence of every attempt is in \(evidence); remove the cause and continue with --resume."
        case .nonFinite(let unit, let failure, let evidence?, _) where !unit.phase.isTraining:
            "unit \(unit), \(failure.sentence) It is saved in \(evidence). Check the experts' values (t2 experts show FILE) and that "
                + "worker's machine, then continue with --resume."
        case .nonFinite(let unit, let failure, let evidence?, let model):
            "unit \(unit), \(failure.sentence) "
                + "Nothing was averaged. The unit is saved; compute it again with: \(Self.replay(evidence, model)). If "
                + "it fails there too, start a new run with a lower learning-rate or kl-coefficient in another --run-dir; otherwise, "
                + "check that worker's machine and continue with --resume."
        case .nonFiniteUpdate(let unit, let cause, let evidence?, let model):
            "\(cause) The unit at fault, or the one with the largest gradient, is \(unit). It is saved; compute it again with: "
                + "\(Self.replay(evidence, model))."
        case .untransportable(let unit, let problem) where !unit.phase.isTraining:
            "the lease of unit \(unit) cannot be sent: \(problem) Start again with shorter prompts, or with fewer --shots in a search, in "
                + "another --run-dir."
        case .untransportable(let unit, let problem):
            "the lease of unit \(unit) cannot be sent: \(problem) Start a run with fewer prompts-per-unit in another --run-dir."
        case .missingRewards(let step, let count, let sequences, let limit, let reasons):
            "in step \(step), \(count) rewards for \(sequences) sequences could not be computed at the first attempt, more than "
                + "missing-limit \(limit) allows: \(reasons.joined(separator: "; "))"
                + (reasons.last?.hasSuffix(".") == true ? "" : ".")
                + " Accepted results are safe, and failed units are under evidence/: remove the cause and continue with --resume."
        case .disputed(let unit, let workers):
            "the results of unit \(unit) by \(workers.joined(separator: ", ")) differ, and no further worker could "
                + "decide. Check these machines, let more workers join, and continue with --resume. A task's own command must give the "
                + "same reward every time."
        case .transportClosed:
            "the coordinator's socket was closed during the run. Continue with --resume."
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .poisoned, .missingRewards, .disputed: .unavailable
        case .nonFinite, .nonFiniteUpdate: .data
        case .transportClosed: .internalError
        case .untransportable: .configuration
        }
    }

    private static func replay(_ evidence: String, _ model: String) -> String {
        "t2 replay \(RunSummary.quoted(evidence)) --model \(RunSummary.quoted(model))"
    }
}
