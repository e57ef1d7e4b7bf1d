import Foundation
import T2Core
import T2Model
import T2Numerics

/// A base model under one expert, or under none. Immutable; lanes share it.
package final class AdaptedModel: Sendable {
    package let base: BaseModel
    private let expert: (adapter: any Adapter, z: ExpertVector)?
    private let lock = NSLock()
    private nonisolated(unsafe) var merged: MergedWeights?

    /// The base model alone.
    package init(_ base: BaseModel) {
        self.base = base
        expert = nil
    }

    /// Decomposes no more of the base model than the expert rescales; nothing for LoRA.
    ///
    /// - Parameter progress: called with matrices done and in total, from any thread.
    /// - Throws: `InputError` if the expert does not fit the model; what the decomposition throws.
    package init(
        _ base: BaseModel, expert vector: ExpertVector, cache: SingularValueCache = .standard,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws {
        let adapter: any Adapter
        if vector.layout.isLoRA {
            adapter = try LoRAModel(base, layout: vector.layout)
        } else {
            let adaptation = Adaptation.smallest(covering: vector.layout, of: base.configuration)
            adapter = try SVFModel(base, adaptation: adaptation, cache: cache, progress: progress)
        }
        self.base = base
        expert = (adapter, try adapter.complete(vector))
    }

    /// The cheaper form for about `tokens` tokens. Weights are merged once, at the first need, while other lanes wait.
    ///
    /// - Cost: merging costs 2·M·N·R flops an adapted weight, R being LoRA's rank for LoRA.
    package func execution(tokens: Int) -> Execution {
        guard let (adapter, z) = expert else { return .merged(base.weights) }
        guard adapter.isMergingCheaper(tokens: tokens) else { return adapter.factored(z) }
        return lock.withLock {
            let weights = merged ?? adapter.merge(z)
            merged = weights
            return .merged(weights)
        }
    }
}
