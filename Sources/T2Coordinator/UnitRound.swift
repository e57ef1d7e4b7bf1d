import T2Core
import T2Transport

/// Units that are handed out together, and what a worker needs for each of them.
protocol UnitRound: Sendable {
    var step: Int { get }
    var units: [WorkUnit] { get }

    func unit(_ key: UnitKey) -> WorkUnit?
    func problems(_ unit: WorkUnit) -> [Problem]
    func lease(_ unit: WorkUnit, attempt: Int, length: Duration, epoch: UInt64) -> Lease
    func check(_ unit: WorkUnit) -> ResultCheck
    /// What a unit is computed under.
    func vector(_ unit: WorkUnit) -> ExpertVector
    /// The vector of this content address; nil if no unit of the round asks for it.
    func vector(_ digest: Digest) -> ExpertVector?
}

extension UnitRound {
    func record(_ unit: WorkUnit) -> UnitRecord {
        UnitRecord(key: unit.key, problems: problems(unit).map(\.id))
    }
}
