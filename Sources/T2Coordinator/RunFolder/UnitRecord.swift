import GRDB
import T2Core

/// A unit with the numbers of its leases and its failures.
package struct UnitRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "units"

    package var step: Int
    package var phase: Phase
    package var unit: Int
    /// The ids of its problems, in order.
    package var problems: [String]
    package var leases = 0
    package var secondCopies = 0
    package var failures: [UnitFailure] = []
    package var isAccepted = false

    package init(_ unit: WorkUnit) {
        step = unit.key.step
        phase = unit.key.phase
        self.unit = unit.key.index
        problems = unit.problems.map(\.id)
    }
}
