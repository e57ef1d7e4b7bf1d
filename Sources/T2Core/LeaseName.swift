/// Names one lease: an attempt at a unit.
package struct LeaseName: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    package let unit: UnitKey
    /// Numbered from 1 over all leases of the unit.
    package let attempt: Int

    package init(unit: UnitKey, attempt: Int) {
        self.unit = unit
        self.attempt = attempt
    }

    package var description: String { "\(unit), attempt \(attempt)" }

    package static func < (a: LeaseName, b: LeaseName) -> Bool { (a.unit, a.attempt) < (b.unit, b.attempt) }
}
