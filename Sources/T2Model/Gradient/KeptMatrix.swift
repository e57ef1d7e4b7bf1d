import CKernels
import T2Core
import T2Numerics

/// A matrix that the forward pass keeps for the backward pass: as it is, or rounded to bfloat16.
struct KeptMatrix {
    private let type: WeightType
    private var whole = GrowingBuffer()
    private let rounded = GrowingMemory()

    init(_ type: WeightType) { self.type = type }

    /// Where the forward pass computes the values: in the kept memory itself, or in scratch memory if they are rounded.
    mutating func target(_ rows: Int, _ columns: Int, _ scratch: @autoclosure () -> Matrix) -> Matrix {
        type == .float32 ? whole.matrix(rows, columns) : scratch()
    }

    /// Keeps x, unless it was computed in the kept memory.
    mutating func keep(_ x: Matrix, on team: ThreadTeam) {
        switch type {
        case .float32:
            let target = whole.matrix(x.rows, x.columns)
            if target.pointer != x.pointer { target.copy(from: x) }
        case .bfloat16:
            let target = rounded.pointer(x.rows * x.columns, of: UInt16.self)
            team.split(x.rows) { _, rows in
                for row in rows { t2_to_bfloat(x.row(row), target + row * x.columns, x.columns) }
            }
        }
    }

    /// The values: in the kept memory, or in `scratch` if they are rounded.
    mutating func values(_ rows: Int, _ columns: Int, _ scratch: @autoclosure () -> Matrix, on team: ThreadTeam)
        -> Matrix
    {
        guard type == .bfloat16 else { return whole.matrix(rows, columns) }
        let (source, target) = (rounded.pointer(rows * columns, of: UInt16.self), scratch())
        team.split(rows) { _, rows in
            for row in rows { t2_from_bfloat(source + row * columns, target.row(row), columns) }
        }
        return target
    }
}
