import ArgumentParser
import Foundation
import T2Core

extension ParsableCommand {
    /// Runs the command that the arguments of the program name, on the main thread.
    ///
    /// - Parameter survivesClosedPipe: whether the process outlives a reader that closes its output. A command that prints a result
    ///   then ends quietly, and one that only logs continues.
    /// - Returns: the exit status. An error has been written to standard error.
    @MainActor
    package static func runProgram(survivesClosedPipe: Bool = true) async -> ExitStatus {
        if survivesClosedPipe { signal(SIGPIPE, SIG_IGN) }
        defer { OutputQueue.flushAll() }
        do { try MachineResources.requireAddressSpace() } catch {
            let status = report(error)
            OutputQueue.flushAll()
            // OpenBLAS would wait at a usual exit for a thread of its own that asks for memory without end.
            _exit(status.rawValue)
        }
        do {
            try LaneThread.requireRoom()
            var command = try parseAsRoot()
            if var waiting = command as? any AsyncParsableCommand {
                try await waiting.run()
            } else {
                try command.run()
            }
            return .success
        } catch is OutputClosed {
            return .success
        } catch {
            return report(error)
        }
    }

    /// Writes an error to standard error. For wrong usage and `--help`, ArgumentParser prints the text and ends the program.
    ///
    /// - Returns: the exit status for the error.
    private static func report(_ error: any Error) -> ExitStatus {
        if let error = error as? any UserFacingError {
            StandardError.write("error: \(error.description)\n")
            return error.exitStatus
        }
        guard exitCode(for: error) == .failure else {
            OutputQueue.flushAll()
            exit(withError: error)
        }
        // An error without a message of its own is a bug of ours.
        StandardError.write("error: \(error)\n")
        return .internalError
    }
}
