import T2Core
import T2Numerics

/// A base model with LoRA's factors beside its adapted weights: W′ = W + B·A, where B contains the scale. Immutable;
/// lanes share it.
package final class LoRAModel: Adapter {
    package let base: BaseModel
    package let matrices: LoRALayout
    package var layout: ExpertLayout { matrices.expertLayout }
    /// Empty for a group that the adapter does not change.
    private let members: ProjectionTable<[LoRAWeight.Member]>

    /// - Throws: `InputError` naming the entry that does not fit the model.
    package init(_ base: BaseModel, layout: ExpertLayout) throws {
        let c = base.configuration
        let matrices = try LoRALayout(layout, of: c)
        self.base = base
        self.matrices = matrices
        let indices = Dictionary(
            uniqueKeysWithValues: matrices.matrices.enumerated().map { ($1.kind.name(layer: $1.layer), $0) })
        members = ProjectionTable(layerCount: c.layerCount) { layer, group in
            var members: [LoRAWeight.Member] = []
            for (kind, outputs) in group.columns(c) {
                guard let index = indices[kind.name(layer: layer)] else { continue }
                let start = members.last?.ranks.upperBound ?? 0
                members.append(
                    .init(
                        ranks: start..<start + matrices.matrices[index].rank, outputs: outputs,
                        a: matrices.range(index, .a), b: matrices.range(index, .b)))
            }
            return members
        }
    }

    /// The factors of a vector, arranged for multiplication; nil for a group that the adapter does not change.
    private func weights(_ vector: ExpertVector) -> ProjectionTable<LoRAWeight?> {
        precondition(vector.layout == layout)
        let c = base.configuration
        return ProjectionTable(layerCount: c.layerCount) { layer, group in
            let members = members[layer, group]
            return members.isEmpty
                ? nil
                : LoRAWeight(
                    members, inputSize: group.inputSize(c), values: vector.values,
                    packs: base.weights.type == .bfloat16)
        }
    }

    package func complete(_ expert: ExpertVector) throws -> ExpertVector {
        guard expert.layout == layout else {
            throw InputError(
                "expert",
                "its layout of \(expert.layout.count) values differs from this LoRA adapter's of \(layout.count)",
                remedy: "Load the model for that expert.")
        }
        return expert
    }

    /// - Cost: 2·M·N·r flops per weight.
    package func merge(_ vector: ExpertVector, on _: LaneProducts, onLayer: () -> Void) -> MergedWeights {
        let weights = weights(vector)
        return base.weights.replacing(onLayer: onLayer) { layer, group in
            guard let weight = weights[layer, group], weight.changesOutputs(vector) else { return nil }
            return weight.addMerged
        }
    }

    package func factored(_ vector: ExpertVector) -> Execution { .lowRank(weights(vector)) }

    package func differentiable(_ vector: ExpertVector, merged _: () -> MergedWeights) -> Execution { factored(vector) }

    /// Merging costs M·N·r multiply-adds per weight, and saves r·(M+N) per token. In bfloat16 a vector is never merged, since its
    /// gradient is not that of merged weights.
    package func isMergingCheaper(tokens: Int) -> Bool {
        guard base.weights.type == .float32 else { return false }
        var merging = 0.0
        var saved = 0.0
        for matrix in matrices.matrices {
            merging += Double(matrix.rank) * Double(matrix.inputs) * Double(matrix.outputs)
            saved += Double(matrix.rank) * Double(matrix.inputs + matrix.outputs)
        }
        return merging < saved * Double(tokens)
    }

    package func finishGradient(_ sums: inout [Float]) {}
}
