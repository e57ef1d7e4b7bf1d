import T2Core
import T2Transport

/// A gradient or a loss that is not finite, with the rollouts that it was computed from: all that it takes to compute it again.
struct GradientFailure: Error, CustomStringConvertible {
    let cause: UnitError
    let rollouts: [RolloutReport]

    var description: String { cause.description }
}
