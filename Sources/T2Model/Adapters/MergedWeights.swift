import CKernels
import T2Core
import T2Numerics

/// The weights of one projection group in the form in which they are multiplied: Wᵀ, [in, out].
package enum ProjectionWeight: Sendable {
    case float32(FloatBuffer)
    case bfloat16(PackedMatrix)
}

/// The merged weight matrices of one policy. Immutable; lanes share it.
package final class MergedWeights: Sendable {
    package let type: WeightType
    private let groups: ProjectionTable<ProjectionWeight>
    private let configuration: ModelConfiguration

    /// - Parameter groups: W′ᵀ of each group, all of one type.
    init(_ configuration: ModelConfiguration, _ type: WeightType, _ groups: ProjectionTable<ProjectionWeight>) {
        self.configuration = configuration
        self.type = type
        self.groups = groups
    }

    /// These weights with some groups replaced.
    ///
    /// - Parameters:
    ///   - onLayer: called after each layer.
    ///   - replacement: a function that is given these weights' Wᵀ of a group, [in, out], and turns it into W′ᵀ; nil to keep the group.
    func replacing(onLayer: () -> Void, _ replacement: (Int, ProjectionGroup) -> ((Matrix) -> Void)?) -> MergedWeights {
        let replaced = ProjectionTable(layerCount: configuration.layerCount) { layer, group in
            defer { if group == ProjectionGroup.allCases.last { onLayer() } }
            guard let change = replacement(layer, group) else { return groups[layer, group] }
            let buffer = FloatBuffer(count: group.inputSize(configuration) * group.outputSize(configuration))
            return withExtendedLifetime(buffer) {
                let matrix = group.matrix(buffer, configuration)
                write(layer, group, into: matrix)
                change(matrix)
                return type == .float32 ? .float32(buffer) : .bfloat16(PackedMatrix(matrix))
            }
        }
        return MergedWeights(configuration, type, replaced)
    }

    /// y = W′x of a group, or y += W′x.
    ///
    /// - Shapes: x [T, in], y [T, out].
    func multiply(
        _ x: Matrix, _ layer: Int, _ group: ProjectionGroup, into y: Matrix, accumulate: Bool = false,
        _ products: LaneProducts
    ) {
        switch groups[layer, group] {
        case .float32(let buffer):
            MatrixMultiply.multiply(x, group.matrix(buffer, configuration), into: y, accumulate: accumulate)
        case .bfloat16(let packed): products.multiply(x, packed, into: y, accumulate: accumulate)
        }
    }

    /// ∂J/∂x = W′ᵀδ of a group.
    ///
    /// - Shapes: delta [T, out], dx [T, in].
    func multiplyTransposed(
        _ delta: Matrix, _ layer: Int, _ group: ProjectionGroup, into dx: Matrix, _ products: LaneProducts
    ) {
        switch groups[layer, group] {
        case .float32(let buffer):
            MatrixMultiply.multiplyTransposed(delta, group.matrix(buffer, configuration), into: dx)
        case .bfloat16(let packed): products.multiplyTransposed(delta, packed, into: dx)
        }
    }

    /// Writes W′ᵀ of a group as float32, exactly.
    private func write(_ layer: Int, _ group: ProjectionGroup, into output: Matrix) {
        switch groups[layer, group] {
        case .float32(let buffer): output.copy(from: group.matrix(buffer, configuration))
        case .bfloat16(let packed): packed.unpack(into: output)
        }
    }

    /// W′ of one matrix as Hugging Face stores it, [out, in].
    package func weight(_ kind: MatrixKind, layer: Int) -> FloatBuffer {
        let group = ProjectionGroup.allCases.first { $0.members.contains(kind) }!
        let (rows, columns) = kind.shape(configuration)
        let whole = FloatBuffer(count: group.inputSize(configuration) * group.outputSize(configuration))
        write(layer, group, into: group.matrix(whole, configuration))
        return withExtendedLifetime(whole) {
            let transposed = group.matrix(whole, configuration)
                .columns(group.columns(configuration).first { $0.kind == kind }!.columns)
            let buffer = FloatBuffer(count: rows * columns)
            t2_transpose(transposed.pointer, buffer.pointer, columns, rows, transposed.stride, columns)
            return buffer
        }
    }
}

extension ProjectionGroup {
    /// A buffer as the group's matrix, [in, out].
    func matrix(_ buffer: FloatBuffer, _ model: ModelConfiguration) -> Matrix {
        buffer.matrix(rows: inputSize(model), columns: outputSize(model))
    }
}
