import T2Core

/// The rewards of a unit that were missing on one worker and were judged again.
package struct MissingRecord: Sendable, Equatable, Encodable {
    package let step: Int
    package let phase: Phase
    package let unit: Int
    package let attempt: Int
    package let worker: String
    /// The number of completions, by reason.
    package let missing: [String: Int]
}

extension RunStore {
    /// The missing rewards, the newest step first.
    ///
    /// - Parameter selection: only its step and phase are used; only the evidence of failed units names their problems.
    package func missingRewards(_ selection: CompletionRecord.Selection, limit: Int) throws -> [MissingRecord] {
        let failed = try failedUnits().flatMap { unit in
            unit.failures.filter(\.isMissingReward).map { failure in
                MissingRecord(
                    step: unit.step, phase: unit.phase, unit: unit.unit, attempt: failure.attempt,
                    worker: failure.worker.name, missing: failure.missingReasons)
            }
        }
        let accepted = try summaries().filter { !$0.summary.statistics.missing.isEmpty }.map { result in
            MissingRecord(
                step: result.step, phase: result.phase, unit: result.unit, attempt: result.attempt,
                worker: result.worker, missing: result.summary.statistics.missing)
        }
        let selected = (failed + accepted).filter { record in
            (selection.step ?? record.step) == record.step && (selection.phase ?? record.phase) == record.phase
        }
        let ordered = selected.sorted {
            (-$0.step, $0.phase, $0.unit, $0.attempt) < (-$1.step, $1.phase, $1.unit, $1.attempt)
        }
        return Array(ordered.prefix(limit))
    }
}
