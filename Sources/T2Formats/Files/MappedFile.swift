import Foundation
import T2Core

/// A file mapped read-only into memory for as long as the object lives.
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
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
