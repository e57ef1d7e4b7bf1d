import CKernels
import T2Core
import T2Numerics

/// Reads weights of a model folder as float32 and refuses what cannot be right.
package struct WeightLoader {
    private let folder: BaseModelFolder

    package init(_ folder: BaseModelFolder) { self.folder = folder }

    /// A tensor's values, row-major.
    ///
    /// - Throws: `SafetensorsError` if it is absent, of another shape or of a type that is not f32, f16 or bf16;
    ///   `InputError` if it holds a NaN or an infinity.
    package func load(_ name: String, shape: [Int]) throws -> FloatBuffer {
        let file = try folder.file(of: name)
        let tensor = file.tensors[name]!
        guard tensor.shape == shape else {
            throw SafetensorsError.unexpectedShape(path: file.path, name: name, expected: shape, found: tensor.shape)
        }
        let buffer = FloatBuffer(count: tensor.count)
        let isKnown = try file.withBytes(of: name) { HalfPrecision.widen($0, tensor.element, into: buffer) }
        guard isKnown else {
            throw SafetensorsError.unexpectedElement(
                path: file.path, name: name, expected: "F32, F16 or BF16", found: tensor.element.rawValue)
        }
        guard t2_all_finite(buffer.pointer, buffer.count) == 1 else {
            throw InputError(
                file.path, "tensor '\(name)' holds a NaN or an infinity, expected finite weights",
                remedy: "Copy or download the model again; if it was trained so, use an earlier checkpoint.")
        }
        return buffer
    }

    /// A weight [M, N] as Wᵀ [N, M], written into `columns` of `output`.
    package func loadTransposed(_ name: String, rows: Int, columns: Int, into output: Matrix) throws {
        let weight = try load(name, shape: [rows, columns])
        t2_transpose(weight.pointer, output.pointer, rows, columns, columns, output.stride)
    }
}
