import Foundation
import T2Core

/// Keeps a second coordinator out of a run folder. The kernel releases the lock when the process ends for any reason.
package final class RunLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `InputError` with the process that holds the lock, or `SystemError`.
    package init(path: String) throws {
        descriptor = OpenFiles.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("create", path) }
        try lock(path)
        let text = "\(getpid())\n"
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.utf8.count, 0) == text.utf8.count else {
            throw SystemError("write", path)
        }
    }

    /// Takes the lock without writing to its file; nil if the file does not exist.
    ///
    /// - Throws: as `init(path:)`.
    package init?(inspecting path: String) throws {
        descriptor = OpenFiles.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw SystemError("open", path) }
            return nil
        }
        try lock(path)
    }

    private func lock(_ path: String) throws {
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return }
        guard errno == EWOULDBLOCK else { throw SystemError("lock", path) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let holder = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        throw InputError(
            parentFolder(of: path),
            "another t2-coord (process \(holder.isEmpty ? "unknown" : holder)) uses this run folder",
            remedy: "Wait for it or stop it, or choose another --run-dir.", exitStatus: .tryAgain)
    }

    /// Whether a path leads to the file of this lock.
    func isAt(_ path: String) -> Bool {
        var (held, found) = (stat(), stat())
        guard fstat(descriptor, &held) == 0, stat(path, &found) == 0 else { return false }
        return (held.st_dev, held.st_ino) == (found.st_dev, found.st_ino)
    }

    /// The path that the lock's file has now; nil if the file was deleted.
    var currentPath: String? {
        var held = stat()
        guard fstat(descriptor, &held) == 0, held.st_nlink > 0 else { return nil }
        return try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
    }

    /// Runs also when an initialiser throws.
    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Releases the lock; the object must not be used afterwards.
    package func release() { flock(descriptor, LOCK_UN) }
}
