import Foundation
import T2Core
import T2Model
import T2Numerics

/// The base model with its weights decomposed as the runs' experts need them: made at the first need, then shared.
package final class DecomposedModels: Sendable {
    package let base: BaseModel
    private let cache: SingularValueCache
    private let lock = NSLock()
    private nonisolated(unsafe) var models: [Adaptation: SVFModel] = [:]

    package init(_ base: BaseModel, cache: SingularValueCache = .standard) {
        self.base = base
        self.cache = cache
    }

    /// The model whose adapted weights are those of `layout`, or all of them if no adaptation has exactly these.
    func model(for layout: ExpertLayout, progress: @escaping @Sendable () -> Void) throws -> SVFModel {
        let adaptation =
            Adaptation.allCases.first { ExpertLayout(model: base.configuration, adaptation: $0) == layout } ?? .all
        return try lock.withLock {
            if let model = models[adaptation] { return model }
            let model = try SVFModel(base, adaptation: adaptation, cache: cache) { _, _ in progress() }
            models[adaptation] = model
            return model
        }
    }
}
