import Foundation
import T2Core
import T2Model
import T2Numerics

/// The base model with the adapters that the runs' experts need, its weights decomposed for those that need that: made at the
/// first need, then shared.
package final class DecomposedModels: Sendable {
    package let base: BaseModel
    private let cache: SingularValueCache
    private let log: WorkerLog?
    private let lock = NSLock()
    private nonisolated(unsafe) var models: [Adaptation: SVFModel] = [:]
    /// Of the layout asked for last.
    private nonisolated(unsafe) var lora: LoRAModel?

    package init(_ base: BaseModel, cache: SingularValueCache? = nil, log: WorkerLog? = nil) {
        self.base = base
        self.cache =
            cache
            ?? SingularValueCache { log?.write(.warning, "problem with the kept decompositions", ["problem": "\($0)"]) }
        self.log = log
    }

    /// The adapter that takes vectors of `layout`.
    ///
    /// - Parameter progress: called about once a second while the weights are decomposed.
    /// - Throws: `InputError` if the layout does not fit the model; what the decomposition throws.
    func adapter(for layout: ExpertLayout, progress: @escaping @Sendable () -> Void) throws -> any Adapter {
        guard layout.isLoRA else { return try model(for: layout, progress: progress) }
        return try lock.withLock {
            if let lora, lora.layout == layout { return lora }
            let fresh = try LoRAModel(base, layout: layout)
            lora = fresh
            return fresh
        }
    }

    /// The model with the fewest adapted weights that holds those of `layout`.
    func model(for layout: ExpertLayout, progress: @escaping @Sendable () -> Void) throws -> SVFModel {
        let adaptation = Adaptation.smallest(covering: layout, of: base.configuration)
        return try lock.withLock {
            if let model = models[adaptation] { return model }
            let model = try decompose(adaptation, progress: progress)
            models[adaptation] = model
            return model
        }
    }

    private func decompose(_ adaptation: Adaptation, progress: @escaping @Sendable () -> Void) throws -> SVFModel {
        let start = ContinuousClock.now
        let reporter = ProgressReporter { [log] done, left in
            log?.write(.info, "decomposing the base model", ["done": "\(done)", "left": "\(left?.text ?? "unknown")"])
        }
        let model = try SVFModel(base, adaptation: adaptation, cache: cache) {
            reporter.report($0, of: $1, "matrices")
            progress()
        }
        if reporter.hasSpoken {
            log?.write(.info, "base model decomposed", ["time": "\((ContinuousClock.now - start).text)"])
        }
        return model
    }
}
