/// The three disjoint parts of a task's data.
package enum Split: String, Sendable, CaseIterable {
    /// Sampled in training.
    case train
    /// Chooses the best checkpoint.
    case valid
    /// Looked at once, for the reported accuracy.
    case test
}
