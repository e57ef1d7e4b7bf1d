import Foundation
import T2Core

/// A file of which the first bytes are here. What is written stays if the process is killed, and the next one goes on there.
final class PartialFile {
    let path: String
    private let descriptor: Int32
    private(set) var size: Int

    /// Opens or creates the file.
    ///
    /// - Parameter limit: the size of the whole file; a longer one is emptied.
    /// - Throws: `SystemError`.
    init(_ path: String, limit: Int) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw SystemError("create", path) }
        size = Self.size(path) ?? 0
        if size > limit { try empty() }
    }

    deinit { close(descriptor) }

    /// The size of a file; nil if there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        try bytes.write(to: descriptor, path: path)
        size += bytes.count
    }

    func empty() throws {
        guard ftruncate(descriptor, 0) == 0 else { throw SystemError("empty", path) }
        size = 0
    }

    /// Makes the content durable.
    func flush() throws {
        guard fsync(descriptor) == 0 else { throw SystemError("flush", path) }
    }
}
