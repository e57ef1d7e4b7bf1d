import T2Model

/// What one thread needs to run a model besides the weights, which all lanes share: the scratch memory. Confined to one thread
/// at a time.
package final class Lane {
    package let transformer: Transformer
    package private(set) lazy var sampler = Sampler(transformer)
    package private(set) lazy var gradients = GradientRunner(transformer)

    /// Called after each layer of its work.
    var onLayer: () -> Void {
        get { transformer.onLayer }
        set { transformer.onLayer = newValue }
    }

    package init(_ base: BaseModel) { transformer = Transformer(base) }
}
