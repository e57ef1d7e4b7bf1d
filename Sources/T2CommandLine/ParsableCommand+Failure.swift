import ArgumentParser
import T2Core

extension ParsableCommand {
    /// Writes an error to standard error. For wrong usage and `--help`, ArgumentParser prints the text and ends the program.
    ///
    /// - Returns: the exit status for the error.
    package static func report(_ error: any Error) -> ExitStatus {
        if let error = error as? any UserFacingError {
            StandardError.write("error: \(error.description)\n")
            return error.exitStatus
        }
        guard exitCode(for: error) == .failure else { exit(withError: error) }
        // An error without a message of its own is a bug of ours.
        StandardError.write("error: \(error)\n")
        return .internalError
    }
}
