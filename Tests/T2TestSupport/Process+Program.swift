import Foundation

extension Process {
    /// A process, not started yet, for a program of this package that was built with the tests, or for any absolute path.
    package convenience init(program name: String, _ arguments: [String], environment: [String: String] = [:]) {
        self.init()
        executableURL = URL(fileURLWithPath: name.hasPrefix("/") ? name : Self.programFolder + "/" + name)
        self.arguments = arguments
        self.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }

    /// Runs a script of the repository's folder `scripts`, and returns its exit status and all that it prints.
    ///
    /// - Parameter environment: variables beside a PATH of the system's programs.
    package static func outcome(
        ofScript name: String, _ arguments: [String], environment: [String: String]
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["\(Repository.path)/scripts/\(name)"] + arguments
        process.environment = environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { own, _ in own }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        return (process.waitForStatus(), text)
    }

    /// The folder of the programs that were built with the tests, beside the tests' resources.
    package static var programFolder: String { Bundle.module.bundleURL.deletingLastPathComponent().path }

    /// Waits for the end, and returns the exit status, or minus the signal that ended the process.
    package func waitForStatus() -> Int32 {
        waitUntilExit()
        return terminationReason == .exit ? terminationStatus : -terminationStatus
    }
}
