import Foundation
import Synchronization

/// Memory for packed weights, cut from large pieces that lie in huge pages: products that read all weights for few rows wait for
/// memory, and read it a quarter faster so.
package final class WeightMemory: Sendable {
    /// A piece of memory, which the system gets back with the last weights in it.
    private final class Piece: Sendable {
        nonisolated(unsafe) let start: UnsafeMutableRawPointer
        let byteCount: Int
        private nonisolated(unsafe) let mapping: UnsafeMutableRawPointer
        private let mappingSize: Int

        init(_ needed: Int) {
            let hugePage = 2 << 20
            byteCount = (needed + hugePage - 1) / hugePage * hugePage
            mappingSize = byteCount + hugePage
            guard let mapping = mmap(nil, mappingSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                mapping != MAP_FAILED
            else { fatalError("no memory for \(needed) bytes of weights") }
            self.mapping = mapping
            start = mapping.alignedUp(toMultipleOf: hugePage)
            madvise(start, byteCount, MADV_HUGEPAGE)
        }

        deinit { munmap(mapping, mappingSize) }
    }

    package nonisolated(unsafe) let start: UnsafeMutableRawPointer
    private let piece: Piece

    /// The piece of which the next memory is cut, and how much of it is taken.
    private static let open = Mutex<(piece: Piece, taken: Int)?>(nil)
    private static let pieceSize = 16 << 20

    package init(byteCount: Int) {
        let needed = max(64, (byteCount + 63) / 64 * 64)
        (piece, start) = Self.open.withLock { open in
            if let (piece, taken) = open, piece.byteCount - taken >= needed {
                open = (piece, taken + needed)
                return (piece, piece.start + taken)
            }
            let piece = Piece(max(needed, Self.pieceSize))
            // What is left of a piece with more room stays open.
            if piece.byteCount - needed >= (open.map { $0.piece.byteCount - $0.taken } ?? 0) { open = (piece, needed) }
            return (piece, piece.start)
        }
    }
}
