import Foundation

/// Files that appear whole or not at all, also across a crash or a power cut.
package enum AtomicFile {
    /// Writes `chunks` to a temporary neighbour, flushes it to disk, renames it over `path`, and flushes the folder.
    ///
    /// - Throws: `SystemError` naming the call that failed; the old file, if any, is then untouched.
    package static func write(_ chunks: [UnsafeRawBufferPointer], to path: String) throws {
        let temporary = "\(path).tmp-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("create", temporary) }
        var renamed = false
        defer {
            close(descriptor)
            if !renamed { unlink(temporary) }
        }
        for chunk in chunks { try writeAll(chunk, to: descriptor, path: temporary) }
        guard fsync(descriptor) == 0 else { throw SystemError("flush", temporary) }
        guard rename(temporary, path) == 0 else { throw SystemError("rename to its final name", path) }
        renamed = true
        try flushFolder(of: path)
    }

    package static func write(_ data: Data, to path: String) throws {
        try data.withUnsafeBytes { try write([$0], to: path) }
    }

    package static func write(_ text: String, to path: String) throws {
        try write(Data(text.utf8), to: path)
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
        var offset = 0
        while offset < bytes.count {
            let written = Foundation.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw SystemError("write", path) }
            offset += written
        }
    }

    /// Makes the rename itself durable.
    private static func flushFolder(of path: String) throws {
        let folder = parentFolder(of: path)
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError("flush", folder) }
    }
}
