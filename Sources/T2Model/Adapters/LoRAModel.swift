import T2Core
import T2Numerics

/// A base model with LoRA's factors beside its adapted weights: W′ = W + B·A, where B contains the scale. Immutable;
/// lanes share it.
package final class LoRAModel: Adapter {
    package let base: BaseModel
    package let matrices: LoRALayout
    package var layout: ExpertLayout { matrices.expertLayout }
    /// Indexed by layer · 4 + group; empty if the adapter does not change the group.
    private let members: [[LoRAWeight.Member]]

    /// - Throws: `InputError` naming the entry that does not fit the model.
    package init(_ base: BaseModel, layout: ExpertLayout) throws {
        let c = base.configuration
        let matrices = try LoRALayout(layout, of: c)
        self.base = base
        self.matrices = matrices
        let indices = Dictionary(
            uniqueKeysWithValues: matrices.matrices.enumerated().map { ($1.kind.name(layer: $1.layer), $0) })
        members = (0..<c.layerCount).flatMap { layer in
            ProjectionGroup.allCases.map { group in
                var members: [LoRAWeight.Member] = []
                var output = 0
                for kind in group.members {
                    let rows = kind.shape(c).rows
                    if let index = indices[kind.name(layer: layer)] {
                        let start = members.last?.ranks.upperBound ?? 0
                        members.append(
                            .init(
                                ranks: start..<start + matrices.matrices[index].rank, outputs: output..<output + rows,
                                a: matrices.range(index, .a), b: matrices.range(index, .b)))
                    }
                    output += rows
                }
                return members
            }
        }
    }

    func members(_ layer: Int, _ group: ProjectionGroup) -> [LoRAWeight.Member] {
        members[layer * ProjectionGroup.allCases.count + group.rawValue]
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
    package func merge(_ vector: ExpertVector, onLayer: () -> Void) -> MergedWeights {
        let weights = LoRAWeights(self, vector)
        let c = base.configuration
        var groups: [FloatBuffer] = []
        for layer in 0..<c.layerCount {
            for group in ProjectionGroup.allCases {
                let original = base.weights.buffer(layer, group)
                guard let weight = weights.weight(layer, group), weight.changesOutputs(vector) else {
                    groups.append(original)
                    continue
                }
                let buffer = FloatBuffer(count: original.count)
                buffer.pointer.update(from: original.pointer, count: original.count)
                weight.addMerged(into: buffer.matrix(rows: group.inputSize(c), columns: group.outputSize(c)))
                groups.append(buffer)
            }
            onLayer()
        }
        return MergedWeights(configuration: c, groups: groups)
    }

    package func factored(_ vector: ExpertVector) -> Execution { .lowRank(LoRAWeights(self, vector)) }

    /// Merging costs M·N·r multiply-adds per weight, and saves r·(M+N) per token.
    package func isMergingCheaper(tokens: Int) -> Bool {
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

/// LoRA's factors of one vector, arranged for multiplication. Immutable; lanes share it.
package final class LoRAWeights: Sendable {
    /// Indexed by layer · 4 + group.
    private let weights: [LoRAWeight?]

    /// - Parameter vector: a vector in the model's own layout.
    package init(_ model: LoRAModel, _ vector: ExpertVector) {
        precondition(vector.layout == model.layout)
        let c = model.base.configuration
        weights = (0..<c.layerCount).flatMap { layer in
            ProjectionGroup.allCases.map { group in
                let members = model.members(layer, group)
                return members.isEmpty
                    ? nil : LoRAWeight(members, inputSize: group.inputSize(c), values: vector.values)
            }
        }
    }

    func weight(_ layer: Int, _ group: ProjectionGroup) -> LoRAWeight? {
        weights[layer * ProjectionGroup.allCases.count + group.rawValue]
    }
}
