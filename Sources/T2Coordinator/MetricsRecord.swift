import GRDB

/// One line of `metrics.jsonl`.
package struct MetricsRecord: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "metrics"

    package enum Kind: String, Sendable, Codable {
        case step, evaluation
    }

    package var step: Int
    /// Orders the lines of one step.
    package var place: Int
    package var kind: Kind
    package var line: String

    package init(step: Int, kind: Kind, line: String) {
        self.step = step
        self.kind = kind
        self.line = line
        place = kind == .step ? 0 : 1
    }
}
