import GRDB
import T2Core
import T2Jobs

/// The job that a database belongs to: one row.
struct JobRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "job"

    var id = 1
    /// In messages, and the run of its units: as the folder was called at the start.
    var name: String
    var identity: JobIdentity
}
