import Foundation

extension Process {
    /// A process, not started yet, for a program of this package that was built with the tests, or for any absolute path.
    package convenience init(program name: String, _ arguments: [String], environment: [String: String] = [:]) {
        self.init()
        executableURL = URL(fileURLWithPath: name.hasPrefix("/") ? name : Self.programFolder + "/" + name)
        self.arguments = arguments
        self.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }

    /// The folder of the programs that were built with the tests, beside the tests' resources.
    package static var programFolder: String { Bundle.module.bundleURL.deletingLastPathComponent().path }

    /// Waits for the end, and returns the exit status, or minus the signal that ended the process.
    package func waitForStatus() -> Int32 {
        waitUntilExit()
        return terminationReason == .exit ? terminationStatus : -terminationStatus
    }
}
