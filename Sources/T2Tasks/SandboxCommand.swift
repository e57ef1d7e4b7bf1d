import Foundation

/// The command line that starts one interpreter inside bubblewrap.
///
/// It sees the interpreter, its libraries, three devices and an empty /tmp; no network, no process and no other file of
/// the host. All namespaces are its own, the environment is empty but for what makes Python reproducible.
struct SandboxCommand: Sendable, Equatable {
    let executable: String
    let arguments: [String]
    /// A fixed hash seed: a program that depends on the order of a set gets the same verdict everywhere.
    let environment = ["PYTHONHASHSEED=0", "LC_ALL=C.UTF-8"]

    /// - Throws: `SandboxError` if bubblewrap, Python or, for root, setpriv is absent.
    init(searchPath: String, limits: ProgramLimits) throws {
        func locate(_ program: String, package: String) throws -> String {
            guard let path = executablePath(of: program, in: searchPath) else {
                throw SandboxError.missing(program, package: package, searched: searchPath)
            }
            return path
        }
        let bubblewrap = try locate("bwrap", package: "bubblewrap")
        let interpreter = try PythonInterpreter(searchPath: searchPath)
        let limits = String(decoding: try JSONEncoder().encode(limits), as: UTF8.self)

        var command = [bubblewrap]
        // The kernel applies no process limit to root, wherever root's namespace is; so root becomes nobody first.
        if geteuid() == 0 {
            let nobody = "65534"
            let setpriv = try locate("setpriv", package: "util-linux")
            command = [setpriv, "--reuid", nobody, "--regid", nobody, "--clear-groups", "--"] + command
        }
        command += ["--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534"]
        // Process 1 cannot be killed from inside, and its end takes every other process along.
        command += ["--as-pid-1", "--new-session", "--die-with-parent"]
        // For the namespaces of each program; the runner drops it before the program's code.
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"]
        for folder in ["/lib", "/lib64", "/usr/lib", "/usr/lib64"] { command += Self.show(folder) }
        for file in interpreter.files { command += ["--ro-bind", file, file] }
        for device in ["/dev/null", "/dev/zero", "/dev/urandom"] { command += ["--dev-bind", device, device] }
        command += ["--dir", "/tmp", "--remount-ro", "/", "--chdir", "/"]
        command += [interpreter.executable, "-s", "-S", "-B", "-c", Self.runner, limits]
        executable = command[0]
        arguments = command
    }

    /// The same folder or symbolic link inside; nothing where the host has none.
    private static func show(_ folder: String) -> [String] {
        if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder) {
            return ["--symlink", target, folder]
        }
        return ["--ro-bind-try", folder, folder]
    }

    private static let runner = String(decoding: PackageResources.program_runner_py, as: UTF8.self)
}

/// The first executable file of that name in a colon-separated list of folders.
func executablePath(of program: String, in searchPath: String) -> String? {
    searchPath.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
}
