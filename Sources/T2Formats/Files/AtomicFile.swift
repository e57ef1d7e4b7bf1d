import Foundation
import T2Core

/// Files that appear complete or not at all, even after a crash or a power cut.
///
/// A file is written under a temporary name beside its path and then renamed. Its writer locks it until then, and the
/// kernel releases the lock when the process ends, so an unlocked temporary file belonged to a process that was killed.
package enum AtomicFile {
    /// Appends a piece of content to the file.
    package typealias Append = (UnsafeRawBufferPointer) throws -> Void

    /// Writes what `content` appends to a temporary file, flushes it to disk, renames it to `path`, and flushes the
    /// folder. Files that killed writers of the same path left behind are removed.
    ///
    /// - Parameter mode: the permissions of the file, less those that the process's umask takes away.
    /// - Throws: `SystemError` naming the call that failed, or what `content` throws. An old file is then unchanged, unless
    ///   only the folder could not be flushed, which loses the new file in a power cut at most.
    package static func write(to path: String, mode: mode_t = 0o644, _ content: (Append) throws -> Void) throws {
        removeAbandoned(in: parentFolder(of: path), of: path)
        let (temporary, descriptor) = try create(for: path, mode: mode)
        var renamed = false
        defer {
            if !renamed { unlink(temporary) }
            close(descriptor)
        }
        try content { try $0.write(to: descriptor, path: temporary) }
        guard fsync(descriptor) == 0 else { throw SystemError("flush", temporary) }
        guard rename(temporary, path) == 0 else { throw SystemError("rename to its final name", path) }
        renamed = true
        try flushFolder(of: path)
    }

    package static func write(_ data: Data, to path: String, mode: mode_t = 0o644) throws {
        try write(to: path, mode: mode) { append in try data.withUnsafeBytes { try append($0) } }
    }

    package static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
        try write(Data(text.utf8), to: path, mode: mode)
    }

    /// Removes the unfinished files of killed writers from a folder, as far as possible. Files that any process is
    /// still writing remain; on a file system without locks, all remain.
    ///
    /// - Parameters:
    ///   - path: the final path of the files to remove; nil removes all.
    ///   - access: how they are opened, which decides between files and folders.
    package static func removeAbandoned(in folder: String, of path: String? = nil, access: Int32 = O_RDWR) {
        let wanted = path.map { $0.split(separator: "/").last ?? "" }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard let match = name.wholeMatch(of: /(.+)\.tmp-\d+-\d+/), match.1 == wanted ?? match.1 else { continue }
            let abandoned = "\(folder)/\(name)"
            let descriptor = OpenFiles.open(abandoned, access | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: abandoned) }
            close(descriptor)
        }
    }

    /// A new name beside a path.
    static func temporaryPath(for path: String) -> String {
        "\(path).tmp-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    }

    private static func create(for path: String, mode: mode_t) throws -> (temporary: String, descriptor: Int32) {
        while true {
            let temporary = temporaryPath(for: path)
            let descriptor = OpenFiles.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            guard descriptor >= 0 else { throw SystemError("create", temporary) }
            while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw SystemError("inspect", temporary) }
            // Another process may have removed it as abandoned before it was locked.
            if status.st_nlink > 0 { return (temporary, descriptor) }
            close(descriptor)
        }
    }

    /// Makes the rename itself durable.
    package static func flushFolder(of path: String) throws {
        let folder = parentFolder(of: path)
        let descriptor = OpenFiles.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError("flush", folder) }
    }
}
