import GRDB
import T2Core
import T2Jobs

/// The job of a database, in a table with one row.
package struct JobRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "job"

    var id = 1
    /// The name in messages and the `run` of the units: the name of the folder at the start.
    package var name: String
    package var identity: JobIdentity

    package init(name: String, identity: JobIdentity) {
        self.name = name
        self.identity = identity
    }
}
