import CKernels
import T2Core
import T2Formats

/// Reads weights of a model folder as float32 and refuses what cannot be right.
package struct WeightLoader {
    private let folder: BaseModelFolder

    package init(_ folder: BaseModelFolder) { self.folder = folder }

    /// A tensor's values, row-major.
    ///
    /// - Throws: `SafetensorsError` if it is absent, of another shape or of a type that is not f32, f16 or bf16;
    ///   `InputError` if it holds a NaN or an infinity.
    package func load(_ name: String, shape: [Int]) throws -> FloatBuffer {
        let file = try folder.file(ofChecked: name, shape: shape)
        let tensor = file.tensors[name]!
        let buffer = FloatBuffer(count: tensor.count)
        _ = try file.withBytes(of: name) { HalfPrecision.widen($0, tensor.element, into: buffer) }
        return buffer
    }

    /// A weight [M, N] as Wᵀ [N, M], written into `columns` of `output`.
    package func loadTransposed(_ name: String, rows: Int, columns: Int, into output: Matrix) throws {
        let weight = try load(name, shape: [rows, columns])
        t2_transpose(weight.pointer, output.pointer, rows, columns, columns, output.stride)
    }
}
