import Foundation
import T2Core

/// The right to fetch one model's files into a cache. The kernel releases it when its holder ends, however that happens.
struct FetchLock: ~Copyable {
    /// Another worker holds the lock.
    struct Busy: Error {
        let path: String

        /// Waits until the lock is free.
        func wait() async throws {
            while true {
                do {
                    _ = try FetchLock(path)
                    return
                } catch is Busy {
                    try await Task.sleep(for: .milliseconds(500))
                }
            }
        }
    }

    private let descriptor: Int32

    /// - Throws: `Busy`, or `SystemError`.
    init(_ path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SystemError("create", path) }
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(file)
            guard code == EWOULDBLOCK else { throw SystemError("lock", path, code: code) }
            throw Busy(path: path)
        }
        descriptor = file
    }

    deinit { close(descriptor) }
}
