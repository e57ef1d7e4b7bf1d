import Foundation
import T2Core
import T2Model

/// One z, ready to be sampled from and differentiated. Lanes share it; what is costly is made once, by the lane that needs
/// it first, while the others wait.
package final class PolicyVersion: Sendable {
    package let digest: Digest
    /// As it travelled; gradients go back in its layout.
    package let vector: ExpertVector
    private let models: DecomposedModels
    private let lock = NSLock()
    private nonisolated(unsafe) var prepared: Prepared?
    private nonisolated(unsafe) var merged: MergedWeights?

    /// z among the adapter's own weights.
    package struct Prepared: Sendable {
        package let adapter: any Adapter
        /// In the adapter's layout.
        package let z: ExpertVector
        let factored: Execution
    }

    init(digest: Digest, vector: ExpertVector, models: DecomposedModels) {
        self.digest = digest
        self.vector = vector
        self.models = models
    }

    /// The adapter and the complete z.
    ///
    /// - Parameter progress: called while the first version of a run has the model decomposed.
    /// - Throws: `InputError` if z does not fit the model; what the decomposition throws.
    package func prepare(progress: @escaping @Sendable () -> Void = {}) throws -> Prepared {
        try lock.withLock {
            if let prepared { return prepared }
            let adapter = try models.adapter(for: vector.layout, progress: progress)
            let z = try adapter.complete(vector)
            let fresh = Prepared(adapter: adapter, z: z, factored: adapter.factored(z))
            prepared = fresh
            return fresh
        }
    }

    /// Whether it is z = 1, which needs no adapter: a vector without entries.
    package var isBaseModel: Bool { vector.layout.entries.isEmpty }

    /// The cheaper form for a unit of `tokens` tokens. It depends on the lease alone, so that every worker uses the same one.
    ///
    /// - Parameter onLayer: called after each layer while this version's weights are merged.
    package func execution(tokens: Int, onLayer: () -> Void = {}) throws -> Execution {
        if isBaseModel { return .merged(models.base.weights) }
        let ready = try prepare()
        guard ready.adapter.isMergingCheaper(tokens: tokens) else { return ready.factored }
        return lock.withLock {
            let weights = merged ?? ready.adapter.merge(ready.z, onLayer: onLayer)
            merged = weights
            return .merged(weights)
        }
    }

    /// A gradient in the adapter's layout as one in the layout of the vector that travelled.
    func inVectorLayout(_ gradient: [Float], of adapter: any Adapter) -> [Float] {
        guard adapter.layout != vector.layout else { return gradient }
        let places = Dictionary(uniqueKeysWithValues: adapter.layout.entries.enumerated().map { ($1.name, $0) })
        return vector.layout.entries.flatMap { entry in gradient[adapter.layout.range(places[entry.name]!)] }
    }
}
