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

    /// z among the model's own adapted weights.
    package struct Prepared: Sendable {
        package let svf: SVFModel
        /// In the layout of `svf`.
        package let z: ExpertVector
        let scales: ScaleTable
    }

    init(digest: Digest, vector: ExpertVector, models: DecomposedModels) {
        self.digest = digest
        self.vector = vector
        self.models = models
    }

    /// The decomposed model and the complete z.
    ///
    /// - Parameter progress: called while the first version of a run has the model decomposed.
    /// - Throws: `InputError` if z does not fit the model; what the decomposition throws.
    package func prepare(progress: @escaping @Sendable () -> Void = {}) throws -> Prepared {
        try lock.withLock {
            if let prepared { return prepared }
            let svf = try models.model(for: vector.layout, progress: progress)
            let z = try svf.complete(vector)
            let fresh = Prepared(svf: svf, z: z, scales: ScaleTable(svf, [z]))
            prepared = fresh
            return fresh
        }
    }

    /// The cheaper form for a unit of `tokens` tokens. It depends on the lease alone, so that every worker uses the same one.
    ///
    /// - Parameter onLayer: called after each layer while this version's weights are merged.
    package func execution(tokens: Int, onLayer: () -> Void = {}) throws -> Execution {
        let ready = try prepare()
        guard
            Execution.isMergingCheaper(
                ready.svf.base.configuration, layout: ready.svf.layout, tokens: tokens, experts: 1)
        else { return .factored(ready.svf, ready.scales) }
        return lock.withLock {
            let weights = merged ?? ready.svf.merge(ready.z, onLayer: onLayer)
            merged = weights
            return .merged(weights)
        }
    }

    /// A gradient in the model's layout as one in the layout of the vector that travelled.
    func inVectorLayout(_ gradient: [Float], of svf: SVFModel) -> [Float] {
        guard svf.layout != vector.layout else { return gradient }
        let places = Dictionary(uniqueKeysWithValues: svf.layout.entries.enumerated().map { ($1.name, $0) })
        return vector.layout.entries.flatMap { entry in gradient[svf.layout.range(places[entry.name]!)] }
    }
}
