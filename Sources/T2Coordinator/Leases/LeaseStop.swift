import T2Core

/// Why a run cannot go on.
package enum LeaseStop: Sendable, Equatable {
    case poisoned(UnitKey, [UnitFailure])
    case nonFinite(UnitKey, UnitFailure)

    package var unit: UnitKey {
        switch self {
        case .poisoned(let unit, _), .nonFinite(let unit, _): unit
        }
    }
}
