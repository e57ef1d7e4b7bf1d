import Foundation
import T2Formats

/// A float32 buffer whose memory never moves: its own, aligned to a cache line, or a tensor in a mapped file.
///
/// - Invariant: one thread at a time writes to the buffer; once threads share it, they only read it.
package final class FloatBuffer: Sendable {
    package nonisolated(unsafe) let pointer: UnsafeMutablePointer<Float>
    package let count: Int
    /// The file in which the values stand, and which keeps them in memory, with their name there; nil if the buffer owns its memory.
    private let place: (file: SafetensorsFile, name: String)?
    /// The memory that the buffer owns.
    private nonisolated(unsafe) let memory: UnsafeMutableRawPointer?

    /// A buffer of zeros. The pages of a large one take no memory until they are used.
    package init(count: Int) {
        self.count = count
        place = nil
        let bytes = max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
        guard let memory = calloc(bytes + 64, 1) else { fatalError("no memory for \(count) numbers") }
        self.memory = memory
        pointer = memory.alignedUp(toMultipleOf: 64)
            .bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    }

    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
        }
    }

    private init(viewing pointer: UnsafeRawPointer, count: Int, _ name: String, of file: SafetensorsFile) {
        self.pointer = UnsafeMutableRawPointer(mutating: pointer).bindMemory(to: Float.self, capacity: count)
        self.count = count
        place = (file, name)
        memory = nil
    }

    /// A float32 tensor of a file: in the file's own mapped memory, which must not be written to, if its address allows that.
    ///
    /// - Throws: `SafetensorsError` if the tensor is absent, has another shape or another type.
    package static func mapped(_ name: String, shape: [Int], of file: SafetensorsFile) throws -> FloatBuffer {
        if let tensor = file.tensors[name], tensor.element == .float32, tensor.shape == shape, tensor.count > 0 {
            let start = try file.withBytes(of: name) { $0.baseAddress! }
            if Int(bitPattern: start) % MemoryLayout<Float>.alignment == 0 {
                return FloatBuffer(viewing: start, count: tensor.count, name, of: file)
            }
        }
        return FloatBuffer(try file.floats(of: name, shape: shape))
    }

    deinit { free(memory) }

    /// Gives the memory of mapped values back to the system, which reads them from the file again when they are used.
    package func release() { if let place { place.file.release(place.name) } }

    var elements: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: pointer, count: count) }
    package var values: [Float] { Array(elements) }

    /// A view of the first rows · columns values as a row-major [rows, columns] matrix.
    package func matrix(rows: Int, columns: Int) -> Matrix {
        precondition(rows * columns <= count)
        return Matrix(pointer: pointer, rows: rows, columns: columns, stride: columns)
    }
}
