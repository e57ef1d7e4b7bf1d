import CKernels
import T2Core
import T2Formats
import T2Numerics

/// A vector for each token of the vocabulary, [V, H]: the embedding, or the head's weight.
enum TokenVectors: Sendable {
    case float32(FloatBuffer, rows: Int, columns: Int)
    /// Rows in bfloat16, mapped from the model's file if they stand there in this type.
    case bfloat16(HalfMatrix)

    /// - Throws: the errors of `WeightLoader`.
    init(_ loader: WeightLoader, _ name: String, rows: Int, columns: Int, _ type: WeightType) throws {
        switch type {
        case .float32: self = .float32(try loader.load(name, shape: [rows, columns]), rows: rows, columns: columns)
        case .bfloat16: self = .bfloat16(try loader.loadHalf(name, rows: rows, columns: columns))
        }
    }

    /// Copies a token's vector as float32 to `target`, [H].
    func copy(_ token: Int, to target: UnsafeMutablePointer<Float>) {
        switch self {
        case .float32(let buffer, _, let columns):
            target.update(from: buffer.pointer + token * columns, count: columns)
        case .bfloat16(let matrix): t2_from_bfloat(matrix.row(token), target, matrix.columns)
        }
    }

    /// The transpose for products, [H, V].
    func transposed() -> ProjectionWeight {
        switch self {
        case .float32(let buffer, let rows, let columns):
            let transposed = FloatBuffer(count: rows * columns)
            t2_transpose(buffer.pointer, transposed.pointer, rows, columns, columns, rows)
            return .float32(transposed)
        case .bfloat16(let matrix): return .bfloat16(PackedMatrix(transposed: matrix))
        }
    }
}
