import Foundation

/// A Python executable and the files that it needs besides the system's libraries.
struct PythonInterpreter: Sendable, Equatable {
    let executable: String
    /// Absolute paths outside the system's library folders.
    let files: [String]

    /// Finds the system's Python, or else the first in the search path.
    ///
    /// - Throws: `SandboxError` if there is none or it does not start.
    init(searchPath: String) throws {
        let folders = searchPath.split(separator: ":").contains("/usr/bin") ? "/usr/bin:\(searchPath)" : searchPath
        guard let command = ChildProcess.path(of: "python3", in: folders) else {
            throw SandboxError.missing("python3", package: "python3", searched: searchPath)
        }
        // The command may be a link, a virtual environment or a script that selects a version, so Python itself is
        // asked.
        let question = "import os, sys; print(os.path.realpath(sys.executable), sys.base_prefix, sep='\\n')"
        guard let output = ChildProcess.output(of: [command, "-I", "-S", "-c", question]) else {
            throw SandboxError.broken("\(command) does not start: \(String(cString: strerror(errno)))")
        }
        let answer = String(decoding: output, as: UTF8.self)
        let lines = answer.split(separator: "\n").map(String.init)
        guard lines.count == 2, lines.allSatisfy({ $0.hasPrefix("/") }) else {
            throw SandboxError.broken(
                "\(command) does not print the path of its executable, but '\(answer.prefix(200))'")
        }
        executable = lines[0]
        var files = [executable, "/etc/ld.so.cache"]
        let libraries = "\(lines[1])/lib"
        if !libraries.hasPrefix("/usr/lib") { files.append(libraries) }
        self.files = files.filter { access($0, F_OK) == 0 }
    }
}
