import Foundation

/// A float32 buffer that owns its memory, which is aligned to a cache line and never moves.
///
/// - Invariant: one thread at a time writes to the buffer; once threads share it, they only read it.
package final class FloatBuffer: Sendable {
    package nonisolated(unsafe) let pointer: UnsafeMutablePointer<Float>
    package let count: Int

    /// A buffer of zeros.
    package init(count: Int) {
        self.count = count
        let bytes = max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memset(memory, 0, bytes)
        pointer = memory.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    }

    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
        }
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }

    var elements: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: pointer, count: count) }
    package var values: [Float] { Array(elements) }

    /// A view of the first rows · columns values as a row-major [rows, columns] matrix.
    package func matrix(rows: Int, columns: Int) -> Matrix {
        precondition(rows * columns <= count)
        return Matrix(pointer: pointer, rows: rows, columns: columns, stride: columns)
    }
}
