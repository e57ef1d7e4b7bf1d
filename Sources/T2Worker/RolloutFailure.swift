import T2Core
import T2Transport

/// A unit that failed after its rollouts were drawn, with them: a reward that is missing, or a gradient or a loss that is not
/// finite. It is all that it takes to compute the unit again.
struct RolloutFailure: Error, CustomStringConvertible {
    let cause: UnitError
    let rollouts: [RolloutReport]

    var description: String { cause.description }
}
