import T2Core
import T2Numerics

/// A base model with the singular value decompositions of its adapted weights. Immutable; lanes share it.
package final class SVFModel: Adapter {
    package let base: BaseModel
    package let layout: ExpertLayout
    /// Nil for a group that the targets do not include.
    let factors: ProjectionTable<SVFWeight?>

    /// Decomposes the weights that the targets include, or reads their decompositions from the cache.
    ///
    /// - Parameter progress: called with matrices done and in total, at least about once a second, on this thread.
    /// - Throws: the errors of the decomposition. An unwritable cache is not an error; the next start decomposes again.
    package init(
        _ base: BaseModel, targets: TargetModules, cache: SingularValueCache = SingularValueCache(),
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        let c = base.configuration
        self.base = base
        layout = ExpertLayout(model: c, targets: targets)
        var decompositions = try WeightDecomposition(base.folder, layout: layout, cache: cache)
            .run(progress: progress) { $0 }[...]
        var start = 0
        factors = ProjectionTable(layerCount: c.layerCount) { _, group in
            guard group.members[0].isTarget(of: targets) else { return nil }
            let weight = SVFWeight(
                Array(decompositions.prefix(group.members.count)), outputs: group.columns(c).map(\.columns),
                inputSize: group.inputSize(c), start: start)
            decompositions.removeFirst(group.members.count)
            start += weight.rank
            return weight
        }
    }

    /// σ of every adapted weight, flat in the layout's order.
    package var sigma: [Float] { factors.values.flatMap { $0?.sigma ?? [] } }

    /// An expert's z in this model's layout: weights that the expert does not name keep z = 1.
    ///
    /// - Throws: `InputError` if it adapts weights that this model has not decomposed or that have other sizes.
    package func complete(_ expert: ExpertVector) throws -> ExpertVector {
        if expert.layout == layout { return expert }
        var complete = ExpertVector(layout: layout, repeating: 1)
        for (source, entry) in expert.layout.entries.enumerated() {
            guard let index = layout.entries.firstIndex(of: entry) else {
                throw InputError(
                    "expert", "'\(entry.name)' with \(entry.count) values is not among this model's adapted weights",
                    remedy: "Use an expert of this base model.")
            }
            complete.values.replaceSubrange(layout.range(index), with: expert[entry: source])
        }
        return complete
    }

    /// W′ = U diag(σ ⊙ z) Vᵀ of every adapted weight. Groups whose z is 1 throughout keep the base's own weights, exactly.
    ///
    /// - Cost: 2·M·N·R flops per weight.
    package func merge(_ z: ExpertVector, onLayer: () -> Void) -> MergedWeights {
        precondition(z.layout == layout)
        let largest = factors.values.reduce(0) { max($0, ($1?.inputSize ?? 0) * ($1?.rank ?? 0)) }
        let scratch = FloatBuffer(count: largest)
        return base.weights.replacing(onLayer: onLayer) { layer, group in
            guard let factor = factors[layer, group], z.values[factor.values].contains(where: { $0 != 1 }) else {
                return nil
            }
            return { output in
                z.values[factor.values].withUnsafeBufferPointer {
                    factor.merge(z: $0.baseAddress!, scratch: scratch, into: output)
                }
            }
        }
    }

    package func factored(_ vector: ExpertVector) -> Execution { .factored(self, ScaleTable(self, [vector])) }

    /// Multiply-adds per weight: M·N·R per vector and M·N per token if merged, R·(M+N) per token if factored.
    package func isMergingCheaper(tokens: Int) -> Bool {
        var merged = 0.0
        var factored = 0.0
        for kind in ProjectionGroup.allCases.filter({ factors[0, $0] != nil }).flatMap(\.members) {
            let (m, n) = kind.shape(base.configuration)
            let r = Double(min(m, n))
            merged += Double(m * n) * (r + Double(tokens))
            factored += r * Double(m + n) * Double(tokens)
        }
        return merged < factored
    }

    package func finishGradient(_ sums: inout [Float]) {
        for (index, sigma) in sigma.enumerated() { sums[index] *= sigma }
    }
}
