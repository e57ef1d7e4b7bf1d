import Foundation

/// Starts programs with standard descriptors whose other ends this process holds.
///
/// This is not swift-subprocess: its child lives within one asynchronous closure, not as long as a value; it reaps a
/// child whose exit status `ExternalProgram` and `SandboxRunner` look at before; and it starts programs on a thread of
/// its own, whereas `--die-with-parent` and `PR_SET_PDEATHSIG` tie a child's life to the thread that started it.
enum ChildProcess {
    /// Starts a program in its own session and process group: Ctrl-C in a terminal does not reach it, and one `kill`
    /// reaches everything that it started. All signals have their default actions in it.
    ///
    /// - Parameters:
    ///   - arguments: the first names the program, which is looked for in `PATH` unless the name holds a slash.
    ///   - environment: entries `NAME=value`; nil for the environment of this process.
    ///   - folder: the working directory, to which a relative name of the program is relative; nil for this process's.
    ///   - descriptors: standard input, output and error; nil for /dev/null.
    /// - Returns: the process identifier; nil with errno set if the program did not start.
    static func start(
        _ arguments: [String], environment: [String]? = nil, folder: String? = nil, descriptors: [Int32?]
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
        for (number, descriptor) in zip(Int32(0)..., descriptors) {
            if let descriptor {
                posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            } else {
                posix_spawn_file_actions_addopen(
                    &actions, number, "/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0)
            }
        }

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

    /// Runs a program with empty input and returns what it writes to standard output; blocks until it ends.
    ///
    /// - Returns: nil with errno set if the program did not start.
    static func output(of arguments: [String]) -> Data? {
        guard let pipe = DescriptorPair.pipe(),
            let process = start(arguments, descriptors: [nil, pipe.theirs.number, nil])
        else { return nil }
        // The output ends only once no one can write to it.
        pipe.theirs.close()
        let text = try? FileHandle(fileDescriptor: pipe.ours.number).readToEnd()
        reap(process)
        return text ?? Data()
    }

    /// Waits for the end of a process, after which its identifier may be used again.
    static func reap(_ process: pid_t) {
        while waitpid(process, nil, 0) < 0 && errno == EINTR {}
    }

    /// Waits until one of the descriptors is ready; false once the deadline has passed.
    static func wait(for entries: inout [pollfd], until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let remaining = (deadline - .now) / .milliseconds(1)
            guard remaining > 0 else { return false }
            if poll(&entries, nfds_t(entries.count), Int32(min(remaining, 1e6)) + 1) > 0 { return true }
        }
    }

    /// The first executable file of that name in a colon-separated list of folders.
    static func path(of program: String, in searchPath: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }

    // The module map of the system's library leaves out these two functions.
    private static let changeFolder = function(
        "posix_spawn_file_actions_addchdir_np",
        as: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32).self)
    static let pipe2 = function("pipe2", as: (@convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32).self)

    private static func function<Function>(_ name: String, as type: Function.Type) -> Function? {
        dlsym(nil, name).map { unsafeBitCast($0, to: type) }
    }

}

/// The reason why a started program gave no answer; it lies in its process, never in the request.
struct ChildFailure: Error {
    let reason: String
}
