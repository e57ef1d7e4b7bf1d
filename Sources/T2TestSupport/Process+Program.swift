import Foundation

extension Process {
    /// A program of this package, not started yet: the one that was built with the tests.
    package convenience init(program name: String, _ arguments: [String], environment: [String: String] = [:]) {
        self.init()
        // The resources of the tests lie beside the programs.
        executableURL = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent(name)
        self.arguments = arguments
        self.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }

    /// Waits for the end: the exit status, or minus the signal that ended it.
    package func waitForStatus() -> Int32 {
        waitUntilExit()
        return terminationReason == .exit ? terminationStatus : -terminationStatus
    }
}
