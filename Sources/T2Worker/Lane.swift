import T2Model
import T2Text

/// What one thread needs to compute units: the model's scratch memory. Confined to its thread; lanes share only weights,
/// which nobody writes.
package final class Lane {
    let rollouts: RolloutRunner
    let gradients: GradientRunner

    private let transformer: Transformer

    /// Called after each layer of its work.
    var onLayer: () -> Void {
        get { transformer.onLayer }
        set { transformer.onLayer = newValue }
    }

    package init(_ base: BaseModel, tokenizer: Tokenizer) {
        transformer = Transformer(base)
        rollouts = RolloutRunner(transformer, tokenizer: tokenizer)
        gradients = GradientRunner(transformer)
    }
}
