import CKernels
import T2Formats

/// A row-major matrix in bfloat16: in the mapped memory of a file, or in memory of its own. Immutable.
package final class HalfMatrix: @unchecked Sendable {
    package let pointer: UnsafePointer<UInt16>
    package let rows: Int
    package let columns: Int
    /// What keeps the memory, and the matrix's name there; nil if the matrix owns its memory.
    private let place: (file: SafetensorsFile, name: String)?

    /// A tensor of a mapped file; nil if it has another type or shape, or does not begin at an even address.
    package init?(_ name: String, rows: Int, columns: Int, of file: SafetensorsFile) {
        guard let tensor = file.tensors[name], tensor.element == .bfloat16, tensor.shape == [rows, columns],
            let start = try? file.withBytes(of: name, { $0.baseAddress }), Int(bitPattern: start) % 2 == 0
        else { return nil }
        pointer = start.assumingMemoryBound(to: UInt16.self)
        (self.rows, self.columns, place) = (rows, columns, (file, name))
    }

    /// A matrix in memory of its own, which `fill` writes.
    package init(rows: Int, columns: Int, _ fill: (UnsafeMutablePointer<UInt16>) throws -> Void) rethrows {
        let memory = UnsafeMutablePointer<UInt16>.allocate(capacity: max(1, rows * columns))
        (pointer, self.rows, self.columns, place) = (UnsafePointer(memory), rows, columns, nil)
        try fill(memory)
    }

    /// The matrix rounded to nearest.
    package convenience init(_ matrix: Matrix) {
        self.init(rows: matrix.rows, columns: matrix.columns) { memory in
            for row in 0..<matrix.rows { t2_to_bfloat(matrix.row(row), memory + row * matrix.columns, matrix.columns) }
        }
    }

    /// Matrices of the same number of columns as one, each below the one before.
    convenience init(joining parts: [HalfMatrix]) {
        self.init(rows: parts.reduce(0) { $0 + $1.rows }, columns: parts[0].columns) { memory in
            var target = memory
            for part in parts {
                target.update(from: part.pointer, count: part.rows * part.columns)
                target += part.rows * part.columns
            }
        }
    }

    deinit { if place == nil { pointer.deallocate() } }

    package func row(_ index: Int) -> UnsafePointer<UInt16> { pointer + index * columns }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: 2 * rows * columns) }

    /// Gives the memory of a mapped matrix back to the system, which reads it from the file again when it is used.
    package func release() { if let place { place.file.release(place.name) } }
}
