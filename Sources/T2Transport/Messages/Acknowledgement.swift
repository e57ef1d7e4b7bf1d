import T2Core

/// The coordinator's verdict on a result.
package struct Acknowledgement: Sendable, Equatable, Codable {
    package enum Verdict: String, Sendable, Codable {
        case accepted, duplicate, stale, refused
        /// The result is kept until that of another worker confirms it.
        case held
    }

    package var unit: UnitKey
    package var attempt: Int
    package var verdict: Verdict
    /// The reason if the result is refused or stale.
    package var reason: String

    package init(unit: UnitKey, attempt: Int, verdict: Verdict, reason: String = "") {
        self.unit = unit
        self.attempt = attempt
        self.verdict = verdict
        self.reason = reason
    }
}
