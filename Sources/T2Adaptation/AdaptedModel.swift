import T2Core
import T2Model
import T2Numerics

/// A base model under one expert, or under none. Immutable; lanes share it.
package final class AdaptedModel: Sendable {
    package let base: BaseModel
    private let expert: (svf: SVFModel, z: ExpertVector)?

    /// The base model alone.
    package init(_ base: BaseModel) {
        self.base = base
        expert = nil
    }

    /// Decomposes no more of the base model than the expert rescales.
    ///
    /// - Parameter progress: called with matrices done and in total, from any thread.
    /// - Throws: `InputError` if the expert does not fit the model; what the decomposition throws.
    package init(
        _ base: BaseModel, expert vector: ExpertVector, cache: SingularValueCache = .standard,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws {
        let adaptation = Adaptation.smallest(covering: vector.layout, of: base.configuration)
        let svf = try SVFModel(base, adaptation: adaptation, cache: cache, progress: progress)
        self.base = base
        expert = (svf, try svf.complete(vector))
    }

    /// The cheaper form for about `tokens` tokens.
    ///
    /// - Cost: merging costs 2·M·N·R flops an adapted weight; call once and share the result.
    package func execution(tokens: Int) -> Execution {
        guard let (svf, z) = expert else { return .merged(base.weights) }
        guard Execution.isMergingCheaper(base.configuration, layout: svf.layout, tokens: tokens, experts: 1) else {
            return .factored(svf, ScaleTable(svf, [z]))
        }
        return .merged(svf.merge(z))
    }
}

extension Adaptation {
    /// The adaptation with the fewest matrices that holds all of a layout's.
    package static func smallest(covering layout: ExpertLayout, of model: ModelConfiguration) -> Adaptation {
        let names = Set(layout.entries.map(\.name))
        let candidates: [Adaptation] = [.mlp, .attention]
        return candidates.first { adaptation in
            names.isSubset(of: ExpertLayout(model: model, adaptation: adaptation).entries.map(\.name))
        } ?? .all
    }
}
