import GRDB
import T2Core

/// What makes a run the same run when it is resumed.
package struct RunIdentity: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "run"

    package var id = 1
    package var name: String
    package var configuration: RunConfiguration
    package var modelDigest: Digest
    package var tokenizerDigest: Digest
    /// Over the problems of the training and validation splits.
    package var dataDigest: Digest

    package init(
        name: String, configuration: RunConfiguration, modelDigest: Digest, tokenizerDigest: Digest, dataDigest: Digest
    ) {
        self.name = name
        self.configuration = configuration
        self.modelDigest = modelDigest
        self.tokenizerDigest = tokenizerDigest
        self.dataDigest = dataDigest
    }
}
