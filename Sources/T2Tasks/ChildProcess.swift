import Foundation

/// Starting a program whose standard descriptors this process holds the other ends of.
enum ChildProcess {
    /// In a session and so in a process group of its own: Ctrl-C in a terminal does not reach it, and one kill reaches all
    /// that it started. Every signal has its default meaning in it.
    ///
    /// - Parameters:
    ///   - arguments: the first names the program, searched for in `PATH` unless it holds a slash.
    ///   - environment: `NAME=value`; nil for this process's own.
    ///   - folder: where it starts, and what a relative name of the program is relative to; nil for this process's own.
    ///   - output: nil for /dev/null.
    /// - Returns: its number; nil with errno set if it did not start.
    static func start(
        _ arguments: [String], environment: [String]? = nil, folder: String? = nil, input: Int32, output: Int32? = nil,
        diagnostics: Int32
    ) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let folder {
            guard let changeFolder = Self.changeFolder else {
                errno = ENOSYS
                return nil
            }
            _ = changeFolder(&actions, folder)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, 1)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, diagnostics, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // POSIX_SPAWN_SETSID, which the module map leaves out.
        let newSession: Int32 = 0x80
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let variables = environment ?? ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        var argumentList = arguments.map { strdup($0) } + [nil]
        var environmentList = variables.map { strdup($0) } + [nil]
        defer { for text in argumentList + environmentList { free(text) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, arguments[0], &actions, &attributes, &argumentList, &environmentList)
        if code != 0 { errno = code }
        return code == 0 ? process : nil
    }

    /// A pipe that the other program writes into, closed when another one starts; nil with errno set if there is none.
    static func pipe() -> (ours: Int32, theirs: Int32)? {
        guard let makePipe = Self.makePipe else {
            errno = ENOSYS
            return nil
        }
        var ends: [Int32] = [-1, -1]
        return makePipe(&ends, O_CLOEXEC) == 0 ? (ends[0], ends[1]) : nil
    }

    // Two functions of the system's library that its module map leaves out.
    private static let changeFolder = function(
        "posix_spawn_file_actions_addchdir_np",
        as: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32).self)
    private static let makePipe = function(
        "pipe2", as: (@convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32).self)

    private static func function<Function>(_ name: String, as type: Function.Type) -> Function? {
        dlsym(nil, name).map { unsafeBitCast($0, to: type) }
    }

    /// A connected pair of sockets, closed when another program starts; nil with errno set if there is none.
    static func socketPair() -> (ours: Int32, theirs: Int32)? {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        return socketpair(AF_UNIX, type, 0, &ends) == 0 ? (ends[0], ends[1]) : nil
    }
}
