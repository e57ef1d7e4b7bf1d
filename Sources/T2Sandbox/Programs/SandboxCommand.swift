import Foundation

/// The command line that starts one interpreter, inside bubblewrap unless told otherwise.
///
/// In bubblewrap the interpreter sees itself, its libraries, three devices and an empty /tmp; no network, no process
/// and no other file of the host. It has its own namespaces, and its environment holds only what makes Python
/// reproducible.
struct SandboxCommand: Sendable, Equatable {
    let arguments: [String]
    /// The hash seed is fixed, so that a program that depends on the order of a set gets the same verdict everywhere.
    let environment = ["PYTHONHASHSEED=0", "LC_ALL=C.UTF-8"]

    /// - Throws: `SandboxError` if Python is absent, or bubblewrap or setpriv if they are needed.
    init(searchPath: String, limits: ProgramLimits, isolation: ProgramIsolation) throws {
        let bubblewrap = isolation == .bubblewrap ? try Self.bubblewrap(searchPath: searchPath) : []
        let interpreter = try PythonInterpreter(searchPath: searchPath)
        let limits = String(decoding: try JSONEncoder().encode(limits), as: UTF8.self)
        let view = isolation == .bubblewrap ? Self.view(of: interpreter) : []
        arguments =
            bubblewrap + view + [
                interpreter.executable, "-s", "-S", "-B", "-c", Self.runner, limits, isolation.rawValue,
            ]
    }

    /// The part of the command for namespaces and rights.
    private static func bubblewrap(searchPath: String) throws -> [String] {
        func locate(_ program: String, package: String) throws -> String {
            guard let path = ChildProcess.path(of: program, in: searchPath) else {
                throw SandboxError.missing(program, package: package, searched: searchPath)
            }
            return path
        }
        var command = [try locate("bwrap", package: "bubblewrap")]
        // The kernel applies no process limit to root in any namespace, so root changes to the user nobody first.
        if geteuid() == 0 {
            let nobody = "65534"
            let setpriv = try locate("setpriv", package: "util-linux")
            command = [setpriv, "--reuid", nobody, "--regid", nobody, "--clear-groups", "--"] + command
        }
        command += ["--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534"]
        // Process 1 cannot be killed from inside, and all other processes end with it.
        command += ["--as-pid-1", "--new-session", "--die-with-parent"]
        // The runner needs it to create the namespaces of each program, and drops it before it runs the program.
        return command + ["--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"]
    }

    /// The part of the command for the files that are visible.
    private static func view(of interpreter: PythonInterpreter) -> [String] {
        var command: [String] = []
        for folder in ["/lib", "/lib64", "/usr/lib", "/usr/lib64"] { command += show(folder) }
        for file in interpreter.files { command += ["--ro-bind", file, file] }
        for device in ["/dev/null", "/dev/zero", "/dev/urandom"] { command += ["--dev-bind", device, device] }
        return command + ["--dir", "/tmp", "--remount-ro", "/", "--chdir", "/"]
    }

    /// Shows a folder or symbolic link of the host under the same path, if the host has it.
    private static func show(_ folder: String) -> [String] {
        if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder) {
            return ["--symlink", target, folder]
        }
        return ["--ro-bind-try", folder, folder]
    }

    /// The runner, joined from its parts, each of which uses the ones before it.
    private static let runner = [
        PackageResources.program_exchange_py, PackageResources.program_remote_py, PackageResources.program_tests_py,
        PackageResources.program_runner_py,
    ].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n\n")
}
