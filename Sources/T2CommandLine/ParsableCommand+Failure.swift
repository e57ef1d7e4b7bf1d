import ArgumentParser
import T2Core

extension ParsableCommand {
    /// Says on standard error why the program fails. Wrong usage and `--help` are ArgumentParser's to say: they end it here.
    ///
    /// - Returns: the status that the program is to end with.
    package static func report(_ error: any Error) -> ExitStatus {
        if let error = error as? any UserFacingError {
            StandardError.write("error: \(error.description)\n")
            return error.exitStatus
        }
        guard exitCode(for: error) == .failure else { exit(withError: error) }
        // Nobody foresaw it.
        StandardError.write("error: \(error)\n")
        return .internalError
    }
}
