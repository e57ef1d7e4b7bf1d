import GRDB
import T2Core

/// A unit and how often it went out.
package struct UnitRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "units"

    package var step: Int
    package var phase: Phase
    package var unit: Int
    /// Identifiers of its problems, in order.
    package var problems: [String]
    package var leases = 0
    package var secondCopies = 0
    package var failures: [UnitFailure] = []
    package var isAccepted = false

    package init(key: UnitKey, problems: [String]) {
        step = key.step
        phase = key.phase
        unit = key.index
        self.problems = problems
    }
}
