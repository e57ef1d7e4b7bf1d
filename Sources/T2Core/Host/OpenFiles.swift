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

    /// The number of connections that fit beside what is open now, a reserve, and others that will be needed.
    package static func connectionLimit(besides others: Int = 0) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 512 }
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return max(1, Int(min(limit.rlim_cur, 1 << 20)) - open - reserve - others)
    }
}
