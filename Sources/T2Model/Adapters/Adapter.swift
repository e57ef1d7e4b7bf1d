import T2Core
import T2Numerics

/// A base model whose weights a vector changes: the common interface of singular value fine-tuning and LoRA.
///
/// Immutable; lanes share it.
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
    func merge(_ vector: ExpertVector, on products: LaneProducts, onLayer: () -> Void) -> MergedWeights

    /// The form that needs no merged weights: the weights as factors, or with the adapter's factors apart.
    func factored(_ vector: ExpertVector) -> Execution

    /// Whether merging a vector is cheaper for `tokens` tokens under it.
    func isMergingCheaper(tokens: Int) -> Bool

    /// The form in which the gradient is computed. In bfloat16 the forms round differently, so it is the one that is sampled.
    ///
    /// - Parameter merged: returns the vector's merged weights, if they are needed.
    func differentiable(_ vector: ExpertVector, merged: () -> MergedWeights) -> Execution

    /// Turns the sums of `TransformerBackward` into the gradient, in place; called once, after the last micro-batch.
    func finishGradient(_ sums: inout [Float])
}

extension Adapter {
    package func merge(_ vector: ExpertVector, on products: LaneProducts = LaneProducts(.alone)) -> MergedWeights {
        merge(vector, on: products, onLayer: {})
    }
}
