import T2Core

/// A base model with weights that a vector changes: the seam between singular value fine-tuning and LoRA.
///
/// Who samples needs merged weights, who differentiates the factors; neither asks which adapter it is. Immutable; lanes share it.
package protocol Adapter: AnyObject, Sendable {
    var base: BaseModel { get }
    /// Of the vectors that it takes and of the gradients that belong to them.
    var layout: ExpertLayout { get }

    /// An expert's vector in this adapter's layout: what the expert does not name stays as the base has it.
    ///
    /// - Throws: `InputError` if it changes weights that this adapter does not.
    func complete(_ expert: ExpertVector) throws -> ExpertVector

    /// W′ of every adapted weight; a group that the vector leaves alone keeps the base's own weights, exactly.
    ///
    /// - Parameters:
    ///   - vector: in this adapter's layout.
    ///   - onLayer: called after each layer, for who must show that work goes on.
    func merge(_ vector: ExpertVector, onLayer: () -> Void) -> MergedWeights

    /// The weights and their factors apart: the form that gradients are taken in.
    ///
    /// - Parameter vector: in this adapter's layout.
    func factored(_ vector: ExpertVector) -> Execution

    /// Whether to merge one vector first is the cheaper way to read `tokens` tokens under it.
    func isMergingCheaper(tokens: Int) -> Bool

    /// From what `TransformerBackward` summed up to the gradient, in place; once, after the last micro-batch.
    func finishGradient(_ sums: inout [Float])
}

extension Adapter {
    package func merge(_ vector: ExpertVector) -> MergedWeights { merge(vector, onLayer: {}) }
}

extension SVFModel: Adapter {
    package func factored(_ vector: ExpertVector) -> Execution { .factored(self, ScaleTable(self, [vector])) }

    package func isMergingCheaper(tokens: Int) -> Bool {
        Execution.isMergingCheaper(base.configuration, layout: layout, tokens: tokens, experts: 1)
    }

    package func finishGradient(_ sums: inout [Float]) {
        for (index, sigma) in sigma.enumerated() { sums[index] *= sigma }
    }
}
