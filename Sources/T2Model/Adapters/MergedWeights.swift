import CKernels
import T2Core
import T2Numerics

/// The merged weight matrices of one policy. Immutable; lanes share it.
package final class MergedWeights: Sendable {
    private let groups: ProjectionTable<FloatBuffer>
    private let configuration: ModelConfiguration

    /// - Parameter groups: W′ᵀ of each group, [in, out].
    init(_ configuration: ModelConfiguration, _ groups: ProjectionTable<FloatBuffer>) {
        self.configuration = configuration
        self.groups = groups
    }

    /// These weights with some groups replaced.
    ///
    /// - Parameters:
    ///   - onLayer: called after each layer.
    ///   - replacement: a function that writes a group's W′ᵀ, or nil to keep this one's.
    func replacing(onLayer: () -> Void, _ replacement: (Int, ProjectionGroup) -> ((Matrix) -> Void)?) -> MergedWeights {
        let replaced = ProjectionTable(layerCount: configuration.layerCount) { layer, group in
            defer { if group == ProjectionGroup.allCases.last { onLayer() } }
            guard let write = replacement(layer, group) else { return groups[layer, group] }
            let buffer = FloatBuffer(count: groups[layer, group].count)
            write(buffer.matrix(rows: group.inputSize(configuration), columns: group.outputSize(configuration)))
            return buffer
        }
        return MergedWeights(configuration, replaced)
    }

    /// W′ᵀ of a group, [in, out].
    package func matrix(_ layer: Int, _ group: ProjectionGroup) -> Matrix {
        groups[layer, group].matrix(rows: group.inputSize(configuration), columns: group.outputSize(configuration))
    }

    /// W′ of one matrix as Hugging Face stores it, [out, in].
    package func weight(_ kind: MatrixKind, layer: Int) -> FloatBuffer {
        let group = ProjectionGroup.allCases.first { $0.members.contains(kind) }!
        let (rows, columns) = kind.shape(configuration)
        let transposed = matrix(layer, group).columns(group.columns(configuration).first { $0.kind == kind }!.columns)
        let buffer = FloatBuffer(count: rows * columns)
        t2_transpose(transposed.pointer, buffer.pointer, columns, rows, transposed.stride, columns)
        return buffer
    }
}
