import CKernels
import T2Formats

/// Reads the weights of a model folder as float32 and rejects invalid ones.
package struct WeightLoader {
    private let folder: BaseModelFolder

    package init(_ folder: BaseModelFolder) { self.folder = folder }

    /// The values of a tensor, row-major.
    ///
    /// - Throws: `SafetensorsError` if the tensor is absent, has another shape, or has a type other than f32, f16 and
    ///   bf16; `InputError` if it holds a NaN or an infinity.
    package func load(_ name: String, shape: [Int]) throws -> FloatBuffer {
        let file = try folder.file(ofChecked: name, shape: shape)
        let tensor = file.tensors[name]!
        let buffer = FloatBuffer(count: tensor.count)
        _ = try file.withBytes(of: name) { HalfPrecision.widen($0, tensor.element, into: buffer) }
        return buffer
    }

    /// A matrix in bfloat16: mapped if the file holds it so, otherwise rounded to nearest.
    ///
    /// - Throws: the errors of `load`.
    package func loadHalf(_ name: String, rows: Int, columns: Int) throws -> HalfMatrix {
        let file = try folder.file(ofChecked: name, shape: [rows, columns])
        if let mapped = HalfMatrix(name, rows: rows, columns: columns, of: file) { return mapped }
        let values = try load(name, shape: [rows, columns])
        return withExtendedLifetime(values) { HalfMatrix(values.matrix(rows: rows, columns: columns)) }
    }

    /// Writes the transpose of a weight into a view.
    ///
    /// - Shapes: weight [M, N], output [N, M].
    /// - Throws: the errors of `load`.
    package func loadTransposed(_ name: String, into output: Matrix) throws {
        let (rows, columns) = (output.columns, output.rows)
        let weight = try load(name, shape: [rows, columns])
        t2_transpose(weight.pointer, output.pointer, rows, columns, columns, output.stride)
    }
}
