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
        var filled = 0
        try file.forEachPiece(of: name) { piece in
            _ = HalfPrecision.widen(piece, tensor.element, into: buffer, at: filled)
            filled += piece.count / (tensor.element.bitCount / 8)
        }
        return buffer
    }

    /// A matrix in bfloat16: mapped if the file holds it so, otherwise rounded to nearest.
    ///
    /// - Throws: the errors of `load`.
    package func loadHalf(_ name: String, rows: Int, columns: Int) throws -> HalfMatrix {
        let file = try folder.file(ofChecked: name, shape: [rows, columns])
        if let mapped = HalfMatrix(name, rows: rows, columns: columns, of: file) { return mapped }
        return try HalfMatrix(rows: rows, columns: columns) { target in
            try forEachBlock(file, name, columns: columns) { first, block in
                t2_to_bfloat(block.pointer, target + first * columns, block.rows * columns)
            }
        }
    }

    /// Writes the transpose of a weight into a view.
    ///
    /// - Shapes: weight [M, N], output [N, M].
    /// - Throws: the errors of `load`.
    package func loadTransposed(_ name: String, into output: Matrix) throws {
        let (rows, columns) = (output.columns, output.rows)
        let file = try folder.file(ofChecked: name, shape: [rows, columns])
        try forEachBlock(file, name, columns: columns) { first, block in
            t2_transpose(
                block.pointer, output.pointer + first, block.rows, columns, columns, output.stride)
        }
    }

    /// Calls `body` with consecutive rows of a matrix in float32, and the index of the first of them.
    private func forEachBlock(
        _ file: SafetensorsFile, _ name: String, columns: Int, _ body: (Int, Matrix) -> Void
    ) throws {
        let tensor = file.tensors[name]!
        let rowBytes = columns * tensor.element.bitCount / 8
        let rows = tensor.range.count / max(1, rowBytes)
        let blockRows = max(1, min(rows, MappedFile.pieceBytes / max(1, rowBytes)))
        let buffer = FloatBuffer(count: blockRows * columns)
        for first in stride(from: 0, to: rows, by: blockRows) {
            let block = first..<min(rows, first + blockRows)
            try file.withBytes(of: name) { bytes in
                let part = bytes[block.lowerBound * rowBytes..<block.upperBound * rowBytes]
                _ = HalfPrecision.widen(UnsafeRawBufferPointer(rebasing: part), tensor.element, into: buffer)
            }
            withExtendedLifetime(buffer) { body(first, buffer.matrix(rows: block.count, columns: columns)) }
        }
        file.release(name)
    }
}
