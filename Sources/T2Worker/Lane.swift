import T2Model
import T2Text

/// What one thread needs to compute units: the model's scratch memory. Confined to its thread; lanes share only weights,
/// which nobody writes.
package final class Lane {
    let rollouts: RolloutRunner
    let gradients: GradientRunner
    let candidates: CandidateRunner

    private let transformer: Transformer

    /// Called after each layer of its work.
    var onLayer: () -> Void {
        get { transformer.onLayer }
        set { transformer.onLayer = newValue }
    }

    package init(_ models: DecomposedModels, tokenizer: Tokenizer) {
        transformer = Transformer(models.base)
        rollouts = RolloutRunner(transformer, tokenizer: tokenizer)
        gradients = GradientRunner(transformer)
        candidates = CandidateRunner(transformer, tokenizer: tokenizer, models: models)
    }
}
