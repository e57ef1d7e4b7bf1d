import T2Core
import T2Transport

/// The durable side of a round of units.
protocol UnitJournal: Sendable {
    /// Notes a round's units.
    ///
    /// - Returns: those accepted before a restart.
    func open(_ round: any UnitRound) async throws -> Set<UnitKey>

    /// Stores an accepted result; durable when it returns.
    func accept(
        _ result: UnitResult, unit: WorkUnit, of round: any UnitRound, lease state: LeasedUnit,
        by worker: WorkerIdentifier
    ) async throws

    /// Takes notice of a failed attempt, which may be one too many.
    func note(_ failure: UnitFailure, unit: UnitKey) async throws

    /// Saves what is known of a failed attempt.
    ///
    /// - Returns: the folder of the evidence.
    func save(_ failure: UnitFailure, lease: Lease, answer: Message?, vector: ExpertVector) async throws -> String
}
