import CKernels
import Foundation
import T2Formats

/// A row-major matrix in bfloat16: in the mapped memory of a file, or in memory of its own. Immutable.
package final class HalfMatrix: @unchecked Sendable {
    package let pointer: UnsafePointer<UInt16>
    package let rows: Int
    package let columns: Int
    /// What keeps the memory; nil if the matrix owns it.
    private let file: SafetensorsFile?

    /// A tensor of a mapped file; nil if it has another type or shape, or does not begin at an even address.
    package init?(_ name: String, rows: Int, columns: Int, of file: SafetensorsFile) {
        guard let tensor = file.tensors[name], tensor.element == .bfloat16, tensor.shape == [rows, columns],
            let start = try? file.withBytes(of: name, { $0.baseAddress }), Int(bitPattern: start) % 2 == 0
        else { return nil }
        pointer = start.assumingMemoryBound(to: UInt16.self)
        (self.rows, self.columns, self.file) = (rows, columns, file)
    }

    /// The matrix rounded to nearest.
    package init(_ matrix: Matrix) {
        let memory = UnsafeMutablePointer<UInt16>.allocate(capacity: max(1, matrix.rows * matrix.columns))
        for row in 0..<matrix.rows { t2_to_bfloat(matrix.row(row), memory + row * matrix.columns, matrix.columns) }
        (pointer, rows, columns, file) = (UnsafePointer(memory), matrix.rows, matrix.columns, nil)
    }

    deinit { if file == nil { pointer.deallocate() } }

    package func row(_ index: Int) -> UnsafePointer<UInt16> { pointer + index * columns }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: 2 * rows * columns) }

    /// Gives the memory of a mapped matrix back to the system, which reads it from the file again when it is used.
    package func release() {
        guard file != nil else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = (Int(bitPattern: pointer) + page - 1) / page * page
        let end = Int(bitPattern: pointer + rows * columns) / page * page
        if start < end { madvise(UnsafeMutableRawPointer(bitPattern: start), end - start, MADV_DONTNEED) }
    }
}
