import Foundation
import T2Core

/// A file mapped read-only into memory for as long as the object lives.
///
/// A part that cannot be read any more, because the file was shortened or its disk fails, ends the process with an error that names
/// the file (`MappedFileFault`).
package final class MappedFile: Sendable {
    package let path: String
    private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    package var count: Int { bytes.count }

    /// The content; the pointer is valid only inside `body`.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// A copy of the whole content.
    package var data: Data { withBytes { Data($0) } }

    /// The digest of the whole content.
    package var digest: Digest {
        var builder = DigestBuilder()
        forEachPiece(of: 0..<count) { builder.update($0) }
        return builder.finalize()
    }

    /// - Throws: `SystemError` if the file cannot be opened or mapped.
    package init(path: String) throws {
        let descriptor = OpenFiles.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("inspect", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("read", path, code: EISDIR) }
        self.path = path
        let size = Int(status.st_size)
        guard size > 0 else {
            self.bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw SystemError("map into memory", path) }
        self.bytes = UnsafeRawBufferPointer(start: address, count: size)
        MappedFileFault.watch(bytes, path)
    }

    deinit {
        guard let start = bytes.baseAddress else { return }
        MappedFileFault.unwatch(bytes)
        munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }

    /// Calls `body` with consecutive pieces of a range of bytes, and releases each after it, so that a pass over a large file never
    /// counts as resident as a whole. The system reads the next piece while `body` works on one.
    ///
    /// A piece has `pieceBytes` bytes, the last one what is left.
    package func forEachPiece(of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try withBytes { bytes in
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceBytes) {
                let piece = start..<min(range.upperBound, start + Self.pieceBytes)
                defer { release(piece) }
                advise(piece.upperBound..<min(count, piece.upperBound + Self.pieceBytes), MADV_WILLNEED)
                try body(UnsafeRawBufferPointer(rebasing: bytes[piece]))
            }
        }
    }

    /// A multiple of the size of each element type and of a page.
    package static let pieceBytes = 4 << 20

    /// Gives the memory of a range of bytes back to the system, which reads it from the file again when it is used. The page that
    /// the range ends within stays, as it is probably used next.
    package func release(_ range: Range<Int>) { advise(range, MADV_DONTNEED) }

    /// Tells the system about the pages of a range, from the one in which it begins to the one before that in which it ends.
    private func advise(_ range: Range<Int>, _ advice: Int32) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = range.lowerBound / page * page
        let end = range.upperBound == count ? count : range.upperBound / page * page
        guard let address = bytes.baseAddress, start < end else { return }
        madvise(UnsafeMutableRawPointer(mutating: address + start), end - start, advice)
    }
}
