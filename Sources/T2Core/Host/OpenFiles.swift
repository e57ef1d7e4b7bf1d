import Foundation

/// The limit on the number of files, sockets and pipes that this process may have open.
package enum OpenFiles {
    /// Descriptors that connections leave free for files.
    package static let reserve = 64

    /// Raises the process's limit to the one that the system allows it.
    package static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Opens a file as open(2) does. Connections in excess of the limit take the last descriptors for the milliseconds until
    /// they are closed; meanwhile it tries again.
    package static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
        let deadline = ContinuousClock.now + patience
        while true {
            let descriptor = Foundation.open(path, flags, mode)
            guard descriptor < 0, errno == EMFILE || errno == ENFILE, .now < deadline else { return descriptor }
            usleep(10_000)
        }
    }

    /// Waits for free descriptors as `open` does, before a library opens files.
    package static func awaitRoom(_ count: Int = 8) {
        var found: [Int32] = []
        while found.count < count, case let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC), descriptor >= 0 {
            found.append(descriptor)
        }
        for descriptor in found { close(descriptor) }
    }

    private static let patience: Duration = .seconds(2)

    /// The number of connections that fit beside what is open now, a reserve, and others that will be needed.
    package static func connectionLimit(besides others: Int = 0) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 512 }
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return max(1, Int(min(limit.rlim_cur, 1 << 20)) - open - reserve - others)
    }
}
