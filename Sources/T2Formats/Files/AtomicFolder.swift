import Foundation
import T2Core

/// Folders that appear complete or not at all.
///
/// As with `AtomicFile`, a folder is filled under a temporary name beside its path and then renamed. Its writer locks
/// it until then, so an unlocked temporary folder belonged to a process that was killed.
package enum AtomicFolder {
    /// - Throws: `InputError` if the path exists.
    package static func checkAbsence(of path: String) throws {
        var status = stat()
        guard lstat(path, &status) != 0 else {
            throw InputError(
                path, "already exists", remedy: "Choose another path, or remove it first.", exitStatus: .cannotCreate)
        }
    }

    /// Fills a temporary folder with `content` and renames it to `path`, which must not exist. Folders that killed
    /// writers of the same path left behind are removed.
    ///
    /// - Parameter content: writes files into the given folder and flushes each to disk, as `AtomicFile` does.
    /// - Throws: as `checkAbsence`, `SystemError` naming the call that failed, or what `content` throws; an unfinished
    ///   folder is then removed.
    package static func write(to path: String, _ content: (String) throws -> Void) throws {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        try checkAbsence(of: path)
        AtomicFile.removeAbandoned(in: parentFolder(of: path), of: path, access: O_RDONLY | O_DIRECTORY)
        let temporary = AtomicFile.temporaryPath(for: path)
        guard mkdir(temporary, 0o755) == 0 else { throw SystemError("create", temporary) }
        var renamed = false
        defer { if !renamed { try? FileManager.default.removeItem(atPath: temporary) } }
        let descriptor = OpenFiles.open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", temporary) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
        try content(temporary)
        guard fsync(descriptor) == 0 else { throw SystemError("flush", temporary) }
        try checkAbsence(of: path)
        guard rename(temporary, path) == 0 else { throw SystemError("rename to its final name", path) }
        renamed = true
        try AtomicFile.flushFolder(of: path)
    }
}
