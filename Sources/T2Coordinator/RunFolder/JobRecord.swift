import GRDB
import T2Core
import T2Jobs

/// The job that a database belongs to: one row.
package struct JobRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "job"

    var id = 1
    /// In messages, and the run of its units: as the folder was called at the start.
    package var name: String
    package var identity: JobIdentity

    package init(name: String, identity: JobIdentity) {
        self.name = name
        self.identity = identity
    }
}
