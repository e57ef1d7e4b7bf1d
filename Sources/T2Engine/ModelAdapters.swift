import Foundation
import T2Core
import T2Model
import T2Numerics

/// The base model with the adapters of its policies. Each adapter is made when it is first needed and shared by all lanes; only
/// SVF decomposes weights.
package final class ModelAdapters: Sendable {
    package let base: BaseModel
    private let cache: SingularValueCache
    private let progress: @Sendable (Int, Int) -> Void
    private let lock = NSLock()
    private nonisolated(unsafe) var models: [TargetModules: SVFModel] = [:]
    /// The LoRA adapter for the layout used last.
    private nonisolated(unsafe) var lora: LoRAModel?

    /// - Parameter progress: called from any thread during decomposition with the numbers of matrices done and in total.
    package init(
        _ base: BaseModel, cache: SingularValueCache = SingularValueCache(),
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) {
        self.base = base
        self.cache = cache
        self.progress = progress
    }

    /// The SVF model with the fewest adapted weights that cover all layouts.
    ///
    /// - Parameter onProgress: called about once a second while the weights are decomposed.
    /// - Throws: errors of the decomposition.
    package func svf(
        covering layouts: [ExpertLayout], onProgress: @escaping @Sendable () -> Void = {}
    ) throws -> SVFModel {
        let needed = Set(layouts.map { TargetModules.smallest(covering: $0, of: base.configuration) })
        let targets = needed.count == 1 ? needed.first! : .all
        return try lock.withLock {
            if let model = models[targets] { return model }
            let model = try SVFModel(base, targets: targets, cache: cache) { [progress] done, total in
                progress(done, total)
                onProgress()
            }
            models[targets] = model
            return model
        }
    }

    /// - Throws: `InputError` if the layout does not fit the model.
    func lora(_ layout: ExpertLayout) throws -> LoRAModel {
        try lock.withLock {
            if let lora, lora.layout == layout { return lora }
            let fresh = try LoRAModel(base, layout: layout)
            lora = fresh
            return fresh
        }
    }
}
