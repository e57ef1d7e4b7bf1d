import T2Core

/// One lease as it goes out.
package struct LeaseGrant: Sendable, Equatable {
    package let unit: UnitKey
    /// Numbered from 1 over all leases of the unit, second copies included.
    package let attempt: Int
    package let worker: WorkerIdentifier
    package let length: Duration
    /// Another worker still holds the unit.
    package let isSecondCopy: Bool
}
