import T2Numerics

/// A lane's scratch memory: named areas that grow to the largest requested size and are then reused without allocation.
final class Workspace {
    enum Area: Int, CaseIterable {
        case residual, normed, queryKeyValue, attended, gateUp, activated
        case compactResidual, compactAttended, hidden
        case rank, scaledRank, scores, probabilities, keys, keysTransposed, values, valuesTransposed, deltaKeys,
            deltaValues
        case unnormedHeads, deltaResidual, deltaNormed, deltaQueryKeyValue, deltaAttended, deltaActivated, deltaCompact,
            deltaRank
        case logits, referenceLogits, referenceHidden, deltaLogits, deltaHidden
    }

    private var buffers = [GrowingBuffer](repeating: GrowingBuffer(), count: Area.allCases.count)

    /// The area as a [rows, columns] matrix; its old content is undefined.
    func matrix(_ area: Area, rows: Int, columns: Int) -> Matrix {
        buffers[area.rawValue].matrix(rows, columns, reserve: rows * columns / 4)
    }
}

/// Memory that grows to the largest requested matrix.
struct GrowingBuffer {
    private var buffer: FloatBuffer?

    /// - Parameter reserve: the number of values to allocate in addition if the buffer must grow.
    mutating func matrix(_ rows: Int, _ columns: Int, reserve: Int = 0) -> Matrix {
        if let buffer, buffer.count >= rows * columns { return buffer.matrix(rows: rows, columns: columns) }
        let grown = FloatBuffer(count: rows * columns + reserve)
        buffer = grown
        return grown.matrix(rows: rows, columns: columns)
    }
}
