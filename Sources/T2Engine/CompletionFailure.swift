import T2Core

/// A unit that failed after its completions were drawn, with the completions: a reward is missing, or a gradient or a loss is
/// not finite. They are all that it takes to compute the unit again.
package struct CompletionFailure: Error, CustomStringConvertible {
    package let cause: UnitError
    package let completions: [Completion]

    package var description: String { cause.description }
}
