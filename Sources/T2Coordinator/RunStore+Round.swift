import Foundation
import T2Core
import T2Transport

/// A round's units, as any journal keeps them.
extension RunStore {
    /// Notes the units, and says which of them were accepted before.
    func open(_ round: any UnitRound) async throws -> Set<UnitKey> {
        try await open(round.units.map(round.record))
        var accepted: Set<UnitKey> = []
        for phase in Set(round.units.map(\.key.phase)) {
            let units = Set(try await results(step: round.step, phase: phase).map(\.unit))
            accepted.formUnion(round.units.map(\.key).filter { $0.phase == phase && units.contains($0.index) })
        }
        return accepted
    }

    /// Stores an accepted result; durable when it returns.
    func accept(
        _ result: UnitResult, unit: WorkUnit, of round: any UnitRound, lease state: LeasedUnit,
        by worker: WorkerIdentifier
    ) async throws {
        var record = round.record(unit)
        record.leases = state.attempts
        record.secondCopies = state.secondCopies
        record.failures = state.failures
        record.isAccepted = true
        let problems = round.problems(unit)
        let samples = max(1, result.rollouts.count / max(1, problems.count))
        let rollouts = result.rollouts.enumerated().compactMap { place, rollout in
            RolloutRecord(
                rollout, place: place, unit: unit.key, prompt: problems[place / samples].prompt, worker: worker)
        }
        try await accept(ResultRecord(result, worker: worker, acceptedAt: Date()), rollouts, unit: record)
    }
}
