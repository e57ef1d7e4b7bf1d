import Synchronization
import T2Core
import T2Numerics

/// A base model with the singular value decompositions of its adapted weights. Immutable; lanes share it.
package final class SVFModel: Adapter {
    package let base: BaseModel
    package let layout: ExpertLayout
    /// Nil for a group that the targets do not include.
    let factors: ProjectionTable<(shape: FactorShape, factors: SVFFactors)?>
    private let cost: MergeCost
    private let packed = Mutex<ProjectionTable<PackedFactors?>?>(nil)

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
        cost = MergeCost(c, targets, base.weights.type)
        let decomposition = WeightDecomposition(base.folder, layout: layout, cache: cache)
        switch base.weights.type {
        case .float32:
            factors = Self.table(c, targets, try decomposition.run(progress: progress) { $0 }, \.sigma) {
                .float32(SVFWeight($0, $1))
            }
        case .bfloat16:
            factors = Self.table(c, targets, try decomposition.halves(progress: progress), \.sigma) {
                .bfloat16(HalfSVFWeight($0, $1))
            }
        }
    }

    /// - Parameter decompositions: those of all adapted matrices, in the layout's order.
    private static func table<Decomposition>(
        _ c: ModelConfiguration, _ targets: TargetModules, _ decompositions: [Decomposition],
        _ sigma: (Decomposition) -> [Float], _ factors: ([Decomposition], FactorShape) -> SVFFactors
    ) -> ProjectionTable<(shape: FactorShape, factors: SVFFactors)?> {
        var rest = decompositions[...]
        var start = 0
        return ProjectionTable(layerCount: c.layerCount) { _, group in
            guard group.members[0].isTarget(of: targets) else { return nil }
            let members = Array(rest.prefix(group.members.count))
            let shape = FactorShape(
                sigmas: members.map(sigma), outputs: group.columns(c).map(\.columns), inputSize: group.inputSize(c),
                start: start)
            rest.removeFirst(members.count)
            start += shape.rank
            return (shape, factors(members, shape))
        }
    }

    /// σ of every adapted weight, flat in the layout's order.
    package var sigma: [Float] { factors.values.flatMap { $0?.shape.sigma ?? [] } }

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

    /// W′ = U diag(σ ⊙ z) Vᵀ of every adapted weight, in bfloat16 W + U diag(σ ⊙ (z − 1)) Vᵀ. Groups whose z is 1 throughout keep the
    /// base's own weights, exactly.
    ///
    /// - Cost: 2·M·N·R flops per weight.
    package func merge(_ z: ExpertVector, on products: LaneProducts, onLayer: () -> Void) -> MergedWeights {
        precondition(z.layout == layout)
        let largest = factors.values.reduce(0) { max($0, ($1?.shape.inputSize ?? 0) * ($1?.shape.rank ?? 0)) }
        let scratch = FloatBuffer(count: base.weights.type == .float32 ? largest : 0)
        return base.weights.replacing(onLayer: onLayer) { layer, group in
            guard let (shape, factors) = factors[layer, group], z.values[shape.values].contains(where: { $0 != 1 })
            else { return nil }
            return { weight in
                z.values[shape.values].withUnsafeBufferPointer {
                    switch factors {
                    case .float32(let factor): factor.merge(z: $0.baseAddress!, scratch: scratch, into: weight)
                    case .bfloat16(let factor): factor.addDifference(z: $0.baseAddress!, to: weight, products)
                    }
                }
            }
        }
    }

    package func differentiable(_ vector: ExpertVector, merged: () -> MergedWeights) -> Execution {
        base.weights.type == .bfloat16 ? .differentiable(merged(), self, vector) : factored(vector)
    }

    /// The factors packed for products, made when rows of several experts first need them; nil in float32, and for a group that the
    /// targets do not include.
    func packedFactors(_ layer: Int, _ group: ProjectionGroup) -> PackedFactors? {
        guard base.weights.type == .bfloat16 else { return nil }
        return packed.withLock { packed in
            let table =
                packed
                ?? ProjectionTable(layerCount: base.configuration.layerCount) { layer, group in
                    if case .bfloat16(let factor)? = factors[layer, group]?.factors { factor.packed() } else { nil }
                }
            packed = table
            return table[layer, group]
        }
    }

    package func factored(_ vector: ExpertVector) -> Execution { .factored(self, ScaleTable(self, [vector])) }

    package func isMergingCheaper(tokens: Int) -> Bool { cost.isMergingCheaper(tokens: tokens) }

    package func finishGradient(_ sums: inout [Float]) {
        for (index, sigma) in sigma.enumerated() { sums[index] *= sigma }
    }
}
