import T2Core

/// A base model whose weights a vector changes: the common interface of singular value fine-tuning and LoRA.
///
/// Sampling uses merged weights and gradients use factors, for every kind of adapter. Immutable; lanes share it.
package protocol Adapter: AnyObject, Sendable {
    var base: BaseModel { get }
    /// The layout of the adapter's vectors, which all methods but `complete` take, and of their gradients.
    var layout: ExpertLayout { get }

    /// An expert's vector in this adapter's layout: weights that it does not name keep the base's values.
    ///
    /// - Throws: `InputError` if it changes weights that this adapter does not.
    func complete(_ expert: ExpertVector) throws -> ExpertVector

    /// W′ of every adapted weight; a group that the vector does not change keeps exactly the base's weights.
    ///
    /// - Parameter onLayer: called after each layer, to show progress.
    func merge(_ vector: ExpertVector, onLayer: () -> Void) -> MergedWeights

    /// The form in which gradients are computed: the weights as factors, or with LoRA's factors apart.
    func factored(_ vector: ExpertVector) -> Execution

    /// Whether merging a vector is cheaper for `tokens` tokens under it.
    func isMergingCheaper(tokens: Int) -> Bool

    /// Turns the sums of `TransformerBackward` into the gradient, in place; called once, after the last micro-batch.
    func finishGradient(_ sums: inout [Float])
}

extension Adapter {
    package func merge(_ vector: ExpertVector) -> MergedWeights { merge(vector, onLayer: {}) }
}
