import Foundation

/// A real Python and the files that it needs besides the system's libraries.
struct PythonInterpreter: Sendable, Equatable {
    let executable: String
    /// Absolute paths outside the system's library folders.
    let files: [String]

    /// The system's own Python if there is one, else the first of the search path.
    ///
    /// - Throws: `SandboxError` if there is none or it does not start.
    init(searchPath: String) throws {
        let candidate =
            searchPath.split(separator: ":").contains("/usr/bin") ? executablePath(of: "python3", in: "/usr/bin") : nil
        guard let command = candidate ?? executablePath(of: "python3", in: searchPath) else {
            throw SandboxError.missing("python3", package: "python3", searched: searchPath)
        }
        // The command may be a link, a virtual environment or a script that picks a version: only Python itself knows.
        let question = "import os, sys; print(os.path.realpath(sys.executable), sys.base_prefix, sep='\\n')"
        let answer = try Self.output(of: command, ["-I", "-S", "-c", question])
        let lines = answer.split(separator: "\n").map(String.init)
        guard lines.count == 2, lines.allSatisfy({ $0.hasPrefix("/") }) else {
            throw SandboxError.broken("\(command) does not tell where it lives: '\(answer.prefix(200))'")
        }
        executable = lines[0]
        var files = [executable, "/etc/ld.so.cache"]
        let libraries = lines[1] == "/usr" ? "/usr/lib" : "\(lines[1])/lib"
        if !libraries.hasPrefix("/usr/lib") { files.append(libraries) }
        self.files = files.filter { access($0, F_OK) == 0 }
    }

    private static func output(of command: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command)
        process.arguments = arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
            let text = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return String(decoding: text, as: UTF8.self)
        } catch {
            throw SandboxError.broken("\(command) does not start: \(error)")
        }
    }
}
