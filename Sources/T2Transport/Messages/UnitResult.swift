import T2Core

/// The result of a unit. The payload holds prompts and tokens (i32), log-probabilities (f32), and the gradient (f32), if any.
package struct UnitResult: Sendable, Equatable {
    package var unit: UnitKey
    package var attempt: Int
    package var epoch: UInt64
    package var output: UnitOutput

    package init(unit: UnitKey, attempt: Int, epoch: UInt64, output: UnitOutput) {
        self.unit = unit
        self.attempt = attempt
        self.epoch = epoch
        self.output = output
    }
}
