import Foundation
import T2Core
import T2Numerics

/// A base model with the singular value decompositions of its adapted weights. Immutable; lanes share it.
package final class SVFModel: Sendable {
    package let base: BaseModel
    package let layout: ExpertLayout
    /// Indexed by layer · 4 + group; nil if the targets do not include the group.
    private let factors: [SVFWeight?]
    /// The start of each group's values in a flat vector of `layout`.
    private let starts: [Int]

    /// Decomposes the weights that the targets include, or reads their decompositions from the cache.
    ///
    /// - Parameter progress: called with matrices done and in total, at least about once a second, on this thread.
    /// - Throws: the errors of the decomposition. An unwritable cache is not an error; the next start decomposes again.
    package init(
        _ base: BaseModel, targets: TargetModules, cache: SingularValueCache = .standard,
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        let c = base.configuration
        self.base = base
        layout = ExpertLayout(model: c, targets: targets)
        let decompositions = try WeightDecomposition(base.folder, layout: layout, cache: cache)
            .run(progress: progress) { $0 }
        var factors: [SVFWeight?] = []
        var starts: [Int] = []
        var next = 0
        var start = 0
        for _ in 0..<c.layerCount {
            for group in ProjectionGroup.allCases {
                starts.append(start)
                guard group.members[0].isTarget(of: targets) else {
                    factors.append(nil)
                    continue
                }
                let weight = SVFWeight(
                    decompositions: Array(decompositions[next..<next + group.members.count]),
                    shapes: group.members.map { $0.shape(c) })
                next += group.members.count
                start += weight.rank
                factors.append(weight)
            }
        }
        self.factors = factors
        self.starts = starts
    }

    func factor(_ layer: Int, _ group: ProjectionGroup) -> SVFWeight? {
        factors[layer * ProjectionGroup.allCases.count + group.rawValue]
    }

    func start(_ layer: Int, _ group: ProjectionGroup) -> Int {
        starts[layer * ProjectionGroup.allCases.count + group.rawValue]
    }

    /// σ of every adapted weight, flat in the layout's order.
    package var sigma: [Float] { factors.flatMap { $0?.sigma ?? [] } }

    /// An expert's z in this model's layout: weights that the expert does not name keep z = 1.
    ///
    /// - Throws: `InputError` if it adapts weights that this model has not decomposed or that have other sizes.
    package func complete(_ expert: ExpertVector) throws -> ExpertVector {
        if expert.layout == layout { return expert }
        var complete = ExpertVector(layout: layout, repeating: 1)
        let indices = Dictionary(uniqueKeysWithValues: layout.entries.enumerated().map { ($1.name, $0) })
        for (source, entry) in expert.layout.entries.enumerated() {
            guard let index = indices[entry.name], layout.entries[index].count == entry.count else {
                throw InputError(
                    "expert",
                    "'\(entry.name)' with \(entry.count) values is not among this model's adapted weights",
                    remedy: "Use an expert of this base model.")
            }
            complete.values.replaceSubrange(layout.range(index), with: expert[entry: source])
        }
        return complete
    }

    /// W′ = U diag(σ ⊙ z) Vᵀ of every adapted weight. Groups whose z is 1 throughout keep the base's own weights, exactly.
    ///
    /// - Shapes: z in this model's layout.
    /// - Parameter onLayer: called after each layer.
    /// - Cost: 2·M·N·R flops per weight.
    package func merge(_ z: ExpertVector, onLayer: () -> Void) -> MergedWeights {
        precondition(z.layout == layout)
        let c = base.configuration
        let largest = factors.reduce(0) { max($0, ($1?.inputSize ?? 0) * ($1?.rank ?? 0)) }
        let scratch = FloatBuffer(count: largest)
        var groups: [FloatBuffer] = []
        for layer in 0..<c.layerCount {
            for group in ProjectionGroup.allCases {
                let original = base.weights.buffer(layer, group)
                let from = start(layer, group)
                guard let factor = factor(layer, group),
                    z.values[from..<from + factor.rank].contains(where: { $0 != 1 })
                else {
                    groups.append(original)
                    continue
                }
                let buffer = FloatBuffer(count: original.count)
                z.values.withUnsafeBufferPointer { values in
                    factor.merge(
                        z: values.baseAddress! + from, scratch: scratch,
                        into: buffer.matrix(rows: group.inputSize(c), columns: group.outputSize(c)))
                }
                groups.append(buffer)
            }
            onLayer()
        }
        return MergedWeights(configuration: c, groups: groups)
    }
}
