import T2Core

/// A worker reports progress on a unit, which renews its lease.
package struct Progress: Sendable, Equatable, Codable {
    package var unit: UnitKey
    package var attempt: Int
    /// Tokens sampled and scored so far.
    package var tokens: Int

    package init(unit: UnitKey, attempt: Int, tokens: Int) {
        self.unit = unit
        self.attempt = attempt
        self.tokens = tokens
    }
}
