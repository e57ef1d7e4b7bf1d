import T2Core

/// The coordinator no longer needs a unit from this worker.
package struct Cancel: Sendable, Equatable, Codable {
    package var unit: UnitKey
    package var reason: String

    package init(unit: UnitKey, reason: String) {
        self.unit = unit
        self.reason = reason
    }
}
