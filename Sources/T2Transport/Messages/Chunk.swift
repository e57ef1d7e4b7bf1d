import Foundation
import T2Core

/// A piece of a file. The payload holds its bytes: `MessageLimits.chunkBytes`, or fewer at the file's end.
package struct Chunk: Sendable, Equatable {
    package var file: Digest
    package var offset: Int
    /// A random number that the worker returns with a later request, which proves that the chunk has arrived.
    package var receipt: UInt64
    package var bytes: Data
    /// Why there are no bytes; nil if there are.
    package var problem: String?

    package init(file: Digest, offset: Int, receipt: UInt64 = 0, bytes: Data = Data(), problem: String? = nil) {
        self.file = file
        self.offset = offset
        self.receipt = receipt
        self.bytes = bytes
        self.problem = problem
    }
}

extension Message {
    /// Whether this is a CHUNK that says why there are no bytes.
    var isEmptyChunk: Bool { if case .chunk(let chunk) = self { chunk.bytes.isEmpty } else { false } }
}
