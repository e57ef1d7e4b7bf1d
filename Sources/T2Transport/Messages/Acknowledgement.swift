import T2Core

/// What became of a result.
package struct Acknowledgement: Sendable, Equatable, Codable {
    package enum Verdict: String, Sendable, Codable {
        case accepted, duplicate, stale, refused
    }

    package var unit: UnitKey
    package var attempt: Int
    package var verdict: Verdict
    /// Why, if it was refused or is stale.
    package var reason: String

    package init(unit: UnitKey, attempt: Int, verdict: Verdict, reason: String = "") {
        self.unit = unit
        self.attempt = attempt
        self.verdict = verdict
        self.reason = reason
    }
}
