import T2Core

/// The content of a unit: which problems of its split, and their places in the step.
package struct WorkUnit: Sendable, Equatable {
    package let key: UnitKey
    /// Places in the training or validation split.
    package let problemIndices: [Int]
    /// Places in the step or in the evaluation; they number the random streams.
    package let problemNumbers: [Int]
}
