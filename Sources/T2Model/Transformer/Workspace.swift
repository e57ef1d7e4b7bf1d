import T2Numerics

/// A lane's scratch memory: named areas that grow to the largest requested size and are then reused without allocation.
final class Workspace {
    enum Area: Int, CaseIterable {
        case residual, normed, queryKeyValue, attended, gateUp, activated
        case compactResidual, compactAttended, hidden
        case rank, scaledRank, scores, probabilities, keys, keysTransposed, values, valuesTransposed, deltaKeys,
            deltaValues
        case deltaResidual, deltaNormed, deltaQueryKeyValue, deltaAttended, deltaActivated, deltaCompact, deltaRank
        case logits, referenceLogits, referenceHidden, deltaLogits, deltaHidden
    }

    /// Set while times are kept.
    var partTimes: PartTimes?
    private var buffers = [FloatBuffer?](repeating: nil, count: Area.allCases.count)

    /// The area as a [rows, columns] matrix; its old content is undefined.
    func matrix(_ area: Area, rows: Int, columns: Int) -> Matrix {
        let needed = rows * columns
        if let buffer = buffers[area.rawValue], buffer.count >= needed {
            return buffer.matrix(rows: rows, columns: columns)
        }
        let buffer = FloatBuffer(count: needed + needed / 4)
        buffers[area.rawValue] = buffer
        return buffer.matrix(rows: rows, columns: columns)
    }
}
