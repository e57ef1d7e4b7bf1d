import T2Model

/// The scratch memory with which one thread runs a model; all lanes share the weights. Only one thread at a time may use a lane.
package final class Lane {
    package let transformer: Transformer
    package private(set) lazy var sampler = Sampler(transformer)
    package private(set) lazy var gradients = GradientRunner(transformer)

    package init(_ base: BaseModel) { transformer = Transformer(base) }
}
