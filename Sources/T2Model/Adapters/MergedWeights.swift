import CKernels
import T2Core
import T2Numerics

/// The merged weight matrices of one policy: W′ᵀ of each projection group and layer, [in, out].
///
/// Immutable; lanes share it.
package final class MergedWeights: Sendable {
    /// Indexed by layer · 4 + group.
    private let groups: [FloatBuffer]
    private let configuration: ModelConfiguration

    init(configuration: ModelConfiguration, groups: [FloatBuffer]) {
        precondition(groups.count == configuration.layerCount * ProjectionGroup.allCases.count)
        self.configuration = configuration
        self.groups = groups
    }

    func buffer(_ layer: Int, _ group: ProjectionGroup) -> FloatBuffer {
        groups[layer * ProjectionGroup.allCases.count + group.rawValue]
    }

    /// W′ᵀ of a group, [in, out].
    package func matrix(_ layer: Int, _ group: ProjectionGroup) -> Matrix {
        buffer(layer, group).matrix(rows: group.inputSize(configuration), columns: group.outputSize(configuration))
    }

    /// W′ of one matrix as Hugging Face stores it, [out, in].
    package func weight(_ kind: MatrixKind, layer: Int) -> FloatBuffer {
        let group = ProjectionGroup.allCases.first { $0.members.contains(kind) }!
        let column = group.members.prefix { $0 != kind }.reduce(0) { $0 + $1.shape(configuration).rows }
        let (rows, columns) = kind.shape(configuration)
        let transposed = matrix(layer, group).columns(column..<column + rows)
        let buffer = FloatBuffer(count: rows * columns)
        t2_transpose(transposed.pointer, buffer.pointer, columns, rows, transposed.stride, columns)
        return buffer
    }
}
