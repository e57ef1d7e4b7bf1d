import Foundation

extension Process {
    /// A program of this package, not started yet: the one that was built with the tests.
    package convenience init(program name: String, _ arguments: [String], environment: [String: String] = [:]) {
        self.init()
        executableURL = URL(fileURLWithPath: Self.programFolder + "/" + name)
        self.arguments = arguments
        self.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }

    /// Where the programs are that were built with the tests: the tests' resources lie beside them.
    package static var programFolder: String { Bundle.module.bundleURL.deletingLastPathComponent().path }

    /// Waits for the end: the exit status, or minus the signal that ended it.
    package func waitForStatus() -> Int32 {
        waitUntilExit()
        return terminationReason == .exit ? terminationStatus : -terminationStatus
    }
}
