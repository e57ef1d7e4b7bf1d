import Foundation

/// Owned float32 memory, aligned to a cache line, that does not move.
///
/// Invariant: written by one thread at a time; once shared between threads it is only read.
package final class FloatBuffer: Sendable {
    package nonisolated(unsafe) let pointer: UnsafeMutablePointer<Float>
    package let count: Int

    /// Zero-filled.
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

    package var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// The buffer as a [rows, columns] matrix from its start.
    package func matrix(rows: Int, columns: Int) -> Matrix {
        precondition(rows * columns <= count)
        return Matrix(pointer: pointer, rows: rows, columns: columns, stride: columns)
    }
}
